"""Requests drawn from an OpenAPI document: most of them nearly right, some hostile, so that they come far."""

import json
import random
from typing import Any

from tests.support.operations import NOTHING, Operation, put_at

CODES = ("G12", "G06", "01", "DB", "NQ57", "71/NQ-CP", "H26.19", "NONE", "Đ")
TEXTS = (
    "x", "Bộ Tài chính", "Chậm nhất 31/3/2026", "Quý III/2026", "https://example.gov.vn/a", "https://[::1]/", "", " ", "a" * 5000,
    "\u202e", "\x00", "\ud800", "👩‍🔬", "ﬃ", "%", "'; --", "../..", "\\", "0" * 70, "९", "-1", "true", "null",
)  # fmt: skip
DAYS = ("2025-05-20", "2026-03-10", "1945-09-02", "2200-12-31", "0001-01-01", "9999-12-31", "2026-02-29")
INSTANTS = ("2025-05-20T08:00:00+07:00", "2025-05-19T00:00:00Z", "2025-05-20T00:59:59.999999999Z", "1999-01-01T00:00:00Z",
            "2199-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z")  # fmt: skip
INTEGERS = (0, 1, 2, 50, 200, 2025, 2026, 3600, -1, 10**15, 2**31, 2**63 - 1, 2**63, 10**40)
NUMBERS = (0, 1, 98.4, "98.4", -0.5, 1e308, 10**30, "1e400", "NaN", "0.0000001")
OTHERS = (None, True, [], {}, [[]], {"a": 1}, 0, 1.5, "x")


class Fuzzer:
    """`ids` are those that answers told: what is made is asked for again."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.ids = [NOTHING]

    def request(self, operation: Operation) -> dict[str, Any]:
        path = operation.path
        for parameter in operation.told.get("parameters", ()):
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", self._address(parameter["schema"]))
        whole: dict[str, Any] = {"method": operation.method, "url": path, "params": self._query(operation)}
        if operation.body is not None and operation.body[0] == "application/json":
            example = operation.example()
            body = (
                self._changed(example, operation)
                if example and self._once_in(2)
                else self._value(operation.body[1], operation)
            )
            whole["content"] = json.dumps(body)  # a lone surrogate as its escape
        elif operation.body is not None:
            whole["files"] = {"file": (self.draw.choice(("a.csv", "a.xlsx", "")), self._file())}
            fields = {
                name: self._value(inner, operation)
                for name, inner in operation.body[1]["properties"].items()
                if name != "file" and self._once_in(2)
            }
            whole["data"] = {
                name: str(value).encode("utf-8", "replace").decode()
                for name, value in fields.items()
                if value is not None
            }
        return whole

    def learn(self, answer: Any) -> None:
        if isinstance(answer, dict):
            self.ids += [
                value for name, value in answer.items() if name.endswith("id") and isinstance(value, str)
            ]
            for value in answer.values():
                self.learn(value)
        for value in answer if isinstance(answer, list) else ():
            self.learn(value)

    def _once_in(self, times: int) -> bool:
        return self.draw.randrange(times) == 0

    def _address(self, schema: dict[str, Any]) -> str:
        if schema.get("format") == "uuid" and not self._once_in(10):
            return self.draw.choice(self.ids[-30:])
        word = self.draw.choice(CODES if not self._once_in(5) else ("x" * 65, "a b", "…", "%", "-"))
        return word.replace("%", "%25").replace("/", "%2F" if self._once_in(2) else "/").replace(" ", "%20")

    def _query(self, operation: Operation) -> list[tuple[str, str]]:
        given: list[tuple[str, str]] = []
        for name, schema in operation.parameters.items():
            if self._once_in(3):
                value = self._value(schema, operation)
                values = value if isinstance(value, list) else [value]
                given += [(name, str(each).encode("utf-8", "replace").decode()) for each in values]
        return given

    def _changed(self, example: dict[str, Any], operation: Operation) -> Any:
        """The example with one or two places drawn anew."""
        places = [field for field in operation.fields() if field.place]
        whole: Any = example
        for field in self.draw.sample(places, min(len(places), self.draw.choice((0, 1, 2)))):
            whole = put_at(whole, field.place, self._value(field.schema, operation))
        return whole

    def _value(self, schema: dict[str, Any], operation: Operation) -> Any:
        if self._once_in(25):
            return self.draw.choice(OTHERS)
        schema = operation.plain(self.draw.choice(schema.get("anyOf", [schema])))
        if "enum" in schema or "const" in schema:
            return self.draw.choice(schema.get("enum", [schema.get("const")]))
        kind = schema.get("type")
        if kind == "object":
            properties = schema.get("properties", {})
            given = [name for name in properties if name in schema.get("required", ()) or self._once_in(2)]
            return {name: self._value(operation.plain(properties[name]), operation) for name in given}
        if kind == "array":
            items = operation.plain(schema["items"])
            return [self._value(items, operation) for _ in range(self.draw.choice((0, 1, 1, 2, 3)))]
        simple = {"integer": INTEGERS, "number": NUMBERS, "boolean": (True, False), "null": (None,)}
        return self.draw.choice(simple[kind]) if kind in simple else self._text(schema.get("format"))

    def _text(self, form: str | None) -> str:
        match form:
            case "date":
                return self.draw.choice(DAYS)
            case "date-time":
                return self.draw.choice(INSTANTS)
            case "uuid":
                return self.draw.choice(self.ids)
        return self.draw.choice(CODES if self._once_in(2) else TEXTS)

    def _file(self) -> bytes:
        return self.draw.choice((b"", b"a,b\n1,2\n", "STT,Nhiệm vụ,Chủ trì,Thời hạn\n1,Việc,Bộ Tài chính,Quý III/2026\n".encode(),
                                 "Mã,Tên,Loại,Cơ quan\nDB,Tên,Quốc gia,G12\n".encode(), b"PK\x03\x04", b"\xff\xfe", b"\x00" * 50))  # fmt: skip
