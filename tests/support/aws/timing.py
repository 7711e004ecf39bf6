"""How long things take here, in seconds. Short, so that tests are."""

from dataclasses import asdict, dataclass, fields


@dataclass
class Timing:
    # A task, from its creation to RUNNING.
    start: float = 0.3
    # From RUNNING to HEALTHY.
    health: float = 0.3
    # From the wish to stop a task until it has stopped.
    drain: float = 0.3
    # A function's configuration update.
    update: float = 0.3

    def reset(self):
        for field in fields(self):
            setattr(self, field.name, field.default)

    def change(self, milliseconds):
        """Takes new times by name; the others stay."""
        for name, value in milliseconds.items():
            if name not in self.milliseconds():
                raise ValueError(f"no such time: {name}; there are {', '.join(self.milliseconds())}")
            setattr(self, name.removesuffix("_ms"), float(value) / 1000)

    def milliseconds(self):
        return {f"{name}_ms": round(value * 1000) for name, value in asdict(self).items()}
