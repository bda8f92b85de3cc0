"""Which packages the wheel holds. The migrations lie in ``alembic/`` and are installed as ``kb_service/_alembic``."""

from setuptools import find_packages, setup

MIGRATIONS = {"kb_service._alembic": "alembic", "kb_service._alembic.versions": "alembic/versions"}

setup(
    packages=[*find_packages(include=["kb_service*", "indexers*", "eval*"]), *MIGRATIONS],
    package_dir=MIGRATIONS,
    package_data={
        "kb_service": ["py.typed"],
        "kb_service.web": ["templates/**/*", "static/**/*"],
        "kb_service.demo": ["knowledge/**/*"],
        "kb_service._alembic": ["*.py", "*.mako"],
        "kb_service._alembic.versions": ["*.py"],
        "eval": ["data/**/*", "baselines/**/*"],
    },
)
