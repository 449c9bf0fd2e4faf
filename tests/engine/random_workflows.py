"""Random workflows without problems, the same for the same seed: joins, handles, failures, retries, loops, ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.engine.build import node, workflow
from tests.engine.model_steps import ends_of

Inputs = dict[str, Any]
MAX_NODES = 12
MAX_DEPTH = 2
INNER = [{"flag": True, "items": []}, {"flag": False, "items": []}]
INPUT = {
    "yes": True,
    "no": False,
    "word": "word",
    "none": [],
    "items": [{"flag": True, "items": INNER}, {"flag": False, "items": INNER[1:]}, {"flag": True, "items": []}],
}
FLAGS = {"test/reach": "", "logic/condition": ".value"}
PLAIN: tuple[str | None, ...] = (None,)


@dataclass(frozen=True)
class Place:
    """Where nodes are added: in which group, and what their expressions see there besides each other."""

    group: str | None = None
    depth: int = 0
    seen: frozenset[str] = frozenset({"lead"})
    has_item: bool = False


@dataclass
class Known:
    """What later nodes need of one: its ends, and which nodes have surely ended when it has."""

    ends: tuple[str | None, ...]
    past: frozenset[str] = frozenset()


@dataclass
class Generator:
    """Adds nodes in an order that their edges follow."""

    random: Random
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: dict[str, None] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)  # where a node's output has a bool

    def fill(self, place: Place, known: dict[str, Known], count: int) -> None:
        """Add up to so many nodes to the workflow or to a group."""
        for _ in range(count):
            if len(self.nodes) < MAX_NODES:
                self._add(place, known)

    def _add(self, place: Place, known: dict[str, Known]) -> None:
        id_ = f"n{len(self.nodes) + 1}"
        settings: dict[str, Any] = self._settings()
        past = self._connect(id_, known, is_any=settings.get("join") == "any", must=place.group is None)
        here = Place(place.group, place.depth, place.seen | past, place.has_item)
        action = self._choose_action(here)
        made = node(id_, action, parent=place.group, **settings)
        self.nodes.append(made)
        made["data"]["inputs"] = self._inputs(action, id_, here)
        if action in FLAGS:
            self.flags[id_] = id_ + FLAGS[action]
        ends = ends_of(action, made["data"]["inputs"]) or PLAIN
        known[id_] = Known((*ends, "error") if settings.get("on_error") == "branch" else ends, past | {id_})

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self._is_lucky(0.6):
            settings["on_error"] = self.random.choice(["continue", "branch"])
        if self._is_lucky(0.25):
            settings["join"] = "any"
        if self._is_lucky(0.06):
            settings["enabled"] = False
        if self._is_lucky(0.5):
            settings["retry"] = {
                "max_attempts": self.random.choice([1, 3, 5]),
                "delay": self.random.choice([0, 0.5, 20]),
            }
        return settings

    def _connect(self, id_: str, known: dict[str, Known], *, is_any: bool, must: bool) -> frozenset[str]:
        """Draw edges to a node; return what has surely ended when it begins."""
        if not known or not (must or self._is_lucky(0.7)):
            return frozenset()
        sources = self.random.choices(list(known), k=self.random.choice([1, 1, 1, 2, 2, 3]))
        for source in sources:
            end = self.random.choice(known[source].ends)
            self.edges[f"{source}>{id_}" + (f":{end}" if end else "")] = None
        pasts = [known[source].past for source in sources]
        return frozenset.intersection(*pasts) if is_any else frozenset().union(*pasts)

    def _choose_action(self, place: Place) -> str:
        may_nest = place.depth < MAX_DEPTH and len(self.nodes) + 1 < MAX_NODES
        weights = {
            "data/set-fields": 2.0,
            "test/slow": 5,
            "test/flaky": 3,
            "test/fail": 1,
            "test/reach": 1 if place.group else 0,
            "logic/condition": 4,
            "logic/switch": 2,
            "logic/merge": 1,
            "flow/delay": 1,
            "flow/stop": 0.6,
            "logic/for-each": 2 if may_nest else 0,
            "logic/repeat": 1.5 if may_nest else 0,
        }
        return self.random.choices(list(weights), list(weights.values()))[0]

    def _inputs(self, action: str, id_: str, place: Place) -> Inputs:
        make: dict[str, Callable[[], Inputs]] = {
            "data/set-fields": lambda: {"fields": {"one": self._value(place), "two": 2}},
            "test/slow": lambda: {"turns": self.random.randint(0, 30), "value": self._value(place)},
            "test/flaky": lambda: {**self._flaky(), "value": self._value(place)},
            "test/fail": lambda: {"message": "No luck."},
            "test/reach": lambda: {"index": "{{ index }}", "last": self.random.randint(0, 3)},
            "logic/condition": lambda: {"expression": self._condition(place)},
            "logic/switch": lambda: self._switch(place),
            "logic/merge": lambda: {"left": "{{ lead.items }}", "right": self._list(place), "mode": "append"},
            "flow/delay": lambda: {"seconds": self.random.choice([0, 0.5, 1, 30, 4000])},
            "flow/stop": lambda: self._stop(place),
            "logic/for-each": lambda: self._for_each(id_, place),
            "logic/repeat": lambda: self._repeat(id_, place),
        }
        return make[action]()

    def _value(self, place: Place) -> Any:
        names = [*sorted(place.seen - {"lead"}), "lead.word", "lead.items"]
        names += ["index"] * (place.group is not None) + ["item.flag", "item"] * place.has_item
        one, two = (f"{{{{ {name} }}}}" for name in self.random.choices(names, k=2))
        values = [7, one, one, [one], {"a": one, "b": [two]}]
        return "{{ lead.word.nothing }}" if self._is_lucky(0.03) else self.random.choice(values)

    def _condition(self, place: Place) -> str:
        sure = ["lead.yes", "lead.no", "lead.yes"] + ["item.flag"] * 3 * place.has_item
        unsure = ["lead.word", "lead.nothing", *(self.flags[id_] for id_ in sorted(place.seen) if id_ in self.flags)]
        return self.random.choice(unsure if self._is_lucky(0.1) else sure)

    def _flaky(self) -> Inputs:
        failures = self.random.choice([0, 2, 2, 4, 99])  # never as many as attempts: a crash may add one
        return {"failures": failures, "attempt": "{{ execution.attempt }}"}

    def _switch(self, place: Place) -> Inputs:
        whens = [self.random.choice(["value", self._condition(place)]) for _ in range(self.random.randint(1, 3))]
        cases = [{"name": f"case_{place_}", "when": when} for place_, when in enumerate(whens)]
        value = self.random.choice(["{{ lead.yes }}", "{{ lead.no }}"])
        return {"value": value, "cases": cases, "mode": self.random.choice(["first", "all"])}

    def _stop(self, place: Place) -> Inputs:
        status = self.random.choice(["succeeded", "failed"])
        return {"status": status, "message": "Enough." if status == "failed" else None, "result": self._value(place)}

    def _for_each(self, id_: str, place: Place) -> Inputs:
        self.fill(Place(id_, place.depth + 1, place.seen, True), {}, self.random.randint(1, 5))
        return {"items": self._list(place), "concurrency": self.random.choice([1, 1, 2, 3])}

    def _list(self, place: Place) -> Any:
        if self._is_lucky(0.03):
            return "{{ lead.yes }}"
        return self.random.choice(
            ["{{ lead.items }}", INNER, "{{ lead.none }}", *["{{ item.items }}"] * 3 * place.has_item]
        )

    def _repeat(self, id_: str, place: Place) -> Inputs:
        body: dict[str, Known] = {}
        self.fill(Place(id_, place.depth + 1, place.seen, place.has_item), body, self.random.randint(1, 4))
        flags = [self.flags[inner] for inner in body if inner in self.flags]
        until = self.random.choice(["lead.no", "lead.yes", *flags * 3])
        return {"until": until, "max_iterations": self.random.randint(1, 4)}

    def _is_lucky(self, chance: float) -> bool:
        return self.random.random() < chance


def make_workflow(seed: int) -> dict[str, Any]:
    """A workflow for `INPUT`."""
    generator = Generator(Random(seed))
    known = {"lead": Known(PLAIN, frozenset({"lead"}))}
    generator.fill(Place(), known, generator.random.randint(2, MAX_NODES))
    return workflow(*generator.nodes, edges=" ".join(generator.edges))
