"""Errors with Medusa's texts."""


class ApiError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind

    @property
    def body(self) -> dict[str, str]:
        code = {"code": self.kind} if self.kind == "unknown_error" else {}
        return {**code, "type": self.kind, "message": str(self)}


def invalid_data(message: str) -> ApiError:
    return ApiError(400, "invalid_data", message)


def invalid_argument(message: str) -> ApiError:
    """Medusa has no status of its own for these."""
    return ApiError(500, "invalid_argument", message)


def not_found(message: str) -> ApiError:
    return ApiError(404, "not_found", message)


def unknown_error() -> ApiError:
    """The error for a failure in the database or in Medusa's own code."""
    return ApiError(500, "unknown_error", "An unknown error occurred.")


def already_exists(what: str, **key: object) -> ApiError:
    """The error for a unique value."""
    pairs = ", ".join(f"{name}: {value}" for name, value in key.items())
    return invalid_data(f"{what} with {pairs}, already exists.")


def no_such_entity(column: str, value: str) -> ApiError:
    return not_found(f"You tried to set relationship {column}: {value}, but such entity does not exist")
