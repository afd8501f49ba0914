"""`verdict serve`: the service with its engine.

Takes: options that override config/service.toml. Gives: a listening service; progress on standard error.
Does not: return before it was asked to stop; exits 1 when the engine never came up, saying why.
"""

from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    engine_url: Annotated[
        str | None, typer.Option(help="A vLLM that runs already; else one is started.")
    ] = None,
    engine_mode: Annotated[str | None, typer.Option(help="decide_explain or single_stream.")] = None,
    model_dir: Annotated[str | None, typer.Option(help="The model's folder, with its manifest.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Run the service until it is stopped (Ctrl-C).

    Example: verdict serve --port 8001
    """
    import asyncio
    import logging

    from rich.console import Console
    from uvicorn.loops.auto import auto_loop_factory

    from cases.errors import VerdictError
    from serving.engine_unit import engine_factory
    from serving.engines.engine_log import LoadProgress
    from serving.server import serve as run_service
    from serving.settings import load_settings

    console = Console(stderr=True)

    def show(progress: LoadProgress) -> None:
        done = f"{progress.step}/{progress.steps}: {progress.phase.value}"
        console.print(f"engine {done} ({progress.elapsed_s:.0f} s)", highlight=False)

    try:
        settings = load_settings(
            host=host,
            port=port,
            engine_url=engine_url,
            engine_mode=engine_mode,
            model_dir=model_dir,
            log_level=log_level,
        )
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(run_service(settings, engine_factory(show)))
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(130) from interrupt
    except VerdictError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(1) from error
