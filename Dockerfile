# Two images: the gateway (no torch, about 300 MB) and the trainer. The engine runs vLLM's own image,
# `vllm/vllm-openai`, and the gateway finds it by VERDICT_ENGINE_URL.
#
#   docker build --target gateway -t verdict-gateway .
#   docker build --target trainer -t verdict-trainer .

FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --uid 10001 --user-group --create-home verdict
WORKDIR /app

FROM base AS gateway
COPY requirements/gateway.lock requirements/gateway.lock
RUN pip install --no-deps -r requirements/gateway.lock
COPY pyproject.toml README.md ./
COPY config/ config/
COPY models/ models/
COPY cases/ cases/
COPY metrics/ metrics/
COPY prompts/ prompts/
COPY baselines/ baselines/
COPY serving/ serving/
COPY client/ client/
COPY cli/ cli/
RUN pip install --no-deps --no-build-isolation -e . && mkdir -p /app/var && chown 10001:10001 /app/var
USER 10001:10001
VOLUME ["/app/var"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["verdict", "serve", "--host", "0.0.0.0"]

FROM base AS trainer
COPY requirements/gpu.lock requirements/gpu.lock
# The trainer runs on GPUs: torch comes with CUDA from the GPU lock.
RUN pip install --no-deps -r requirements/gpu.lock
COPY . .
RUN pip install --no-deps --no-build-isolation -e . && mkdir -p /app/runs /app/var && chown -R 10001:10001 /app/runs /app/var /app/models
USER 10001:10001
ENTRYPOINT ["verdict", "finetune"]
