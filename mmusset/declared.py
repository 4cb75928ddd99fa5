"""Lists of declarations, of measurements and of ears, to which other packages may add."""

import importlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class _Named(Protocol):
    """Whatever has a name of its own."""

    @property
    def name(self) -> str: ...


D = TypeVar("D", bound=_Named)

_PACKAGE = __name__.partition(".")[0]


class Declarations(list[D], Generic[D]):
    """Declarations of one type, in the order in which the whole house goes through them.

    `kind` is what errors call one. `names` gives all names that one takes, its own first. `work`
    gives what runs in the process that decodes media, None where nothing does: that process
    imports the module which it stands in, and looks there for the declaration.
    """

    def __init__(
        self,
        kind: str,
        declared: Iterable[D],
        *,
        type_: type[D],
        names: Callable[[D], Collection[str]],
        work: Callable[[D], Callable[..., object] | None],
    ) -> None:
        super().__init__(declared)
        self._kind, self._type, self._names, self._work = kind, type_, names, work

    def named(self, name: str) -> D | None:
        """The declaration of that name; None where there is none."""
        for each in self:
            if each.name == name:
                return each
        return None

    def add(self, declaration: D) -> None:
        """List one that another package declares, before a recipe or a dataset is read.

        Raises ValueError where one of its names is taken, or where the process that decodes media
        could not find its module.
        """
        for name in self._names(declaration):
            if any(name in self._names(each) for each in self):
                raise ValueError(f"there is {self._kind} {name} already")
        work = self._work(declaration)
        if work and work.__module__ == "__main__":
            raise ValueError(
                f"{self._kind.partition(' ')[2]} {declaration.name}: declare it in a module"
                " of its own, which the process that decodes media can import; this one is the"
                " program itself"
            )
        self.append(declaration)

    @contextmanager
    def added(self, declaration: D) -> Iterator[None]:
        """List one for a while."""
        self.add(declaration)
        try:
            yield
        finally:
            self.remove(declaration)

    @contextmanager
    def in_place(self, declarations: Iterable[D]) -> Iterator[None]:
        """For a while, list these in place of those of their names."""
        before = list(self)
        by_name = {each.name: each for each in declarations}
        self[:] = [by_name.get(each.name, each) for each in before]
        try:
            yield
        finally:
            self[:] = before

    def foreign_modules(self) -> list[str]:
        """The modules outside this package that hold what runs beside the decoders."""
        modules = (work.__module__ for each in self if (work := self._work(each)))
        return [name for name in modules if name.partition(".")[0] != _PACKAGE]

    def add_from(self, module: str) -> None:
        """List what a module declares, as `foreign_modules` gave it. Raises ImportError."""
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, self._type) and value not in self:
                self.add(value)
