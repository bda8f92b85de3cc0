"""The commands of ``kb``: thin functions over the same parts as the service. cli.py names them all."""
