"""The scheduler core in Python: the module as a shared library, called through ctypes. The same program as offers.js.

    wasm2c -n mesoscale_core mesoscale-core-plain.wasm -o mesoscale_core.c
    cc -O2 -shared -fPIC -I"$WASM2C" instance.c mesoscale_core.c "$WASM2C"/wasm-rt-impl.c -lm -o libcore.so
    python3 offers.py ./libcore.so

WASM2C is the folder of wasm-rt.h and wasm-rt-impl.c; /usr/share/wabt/wasm2c on Debian.
"""

import ctypes
import struct
import sys

FILTER_GPUS = 1
AGENT_OFFERED = 1 | 2  # active and whitelisted
CAPABILITIES = 1  # MULTI_ROLE
SEED = 42
NAMES = ["cpus", "mem"]


class Memory(ctypes.Structure):
    """The head of wasm2c's wasm_rt_memory_t."""

    _fields_ = [("data", ctypes.c_void_p), ("pages", ctypes.c_uint32)]


class Core:
    """One instance. An int is passed as 32 bits and a float as 64, so what the reference calls f64 must be a float."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.mesoscale_core_new.restype = ctypes.c_void_p
        self.instance = ctypes.c_void_p(self.library.mesoscale_core_new())
        self.memory = self.library.Z_mesoscale_coreZ_memory
        self.memory.restype = ctypes.POINTER(Memory)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.mesoscale_core_free(self.instance)

    def answer(self, export, *arguments):
        return self.library[f"Z_mesoscale_coreZ_{export}"](
            self.instance,
            *(ctypes.c_double(x) if isinstance(x, float) else ctypes.c_uint32(x) for x in arguments),
        )

    def address(self, export, *arguments):
        return self.answer(export, *arguments) & 0xFFFFFFFF

    def call(self, export, *arguments):
        """A number that is not a status."""
        answer = self.answer(export, *arguments)
        if answer < 0:
            raise RuntimeError(f"{export} answered {answer}")
        return answer

    def ok(self, export, *arguments):
        if (status := self.answer(export, *arguments)) != 0:
            raise RuntimeError(f"{export} answered {status}")

    def at(self, address):
        """The memory may move with every call."""
        return self.memory(self.instance).contents.data + address

    def read(self, layout, address):
        return struct.unpack(layout, ctypes.string_at(self.at(address), struct.calcsize(layout)))

    def write_list(self, items):
        """Writes a list of (kind, thousandths) to the exchange buffer."""
        content = b"".join(struct.pack("<IId", kind, 0, amount) for kind, amount in items)
        buffer = self.address("ioReserve", len(content))
        ctypes.memmove(self.at(buffer), content, len(content))
        return len(items)

    def offers(self, now):
        """The offers of a run: framework, role, agent, items."""
        self.ok("setNow", now)
        count = self.call("runOffers", 1, now)
        table = self.address("offersAt")
        for index in range(count):
            leaf, agent, items, length = self.read("<IIII", table + 24 * index)
            amounts = [self.read("<IId", items + 16 * item) for item in range(length)]
            yield (
                self.call("leafFrameworkOf", leaf),
                self.call("leafRoleOf", leaf),
                agent,
                [(kind, amount) for kind, _, amount in amounts],
            )


def run(core, now):
    """Prints the offers of a run, and answers them."""
    made = list(core.offers(now))
    for framework, role, agent, items in made:
        text = ", ".join(f"{NAMES[kind]} {amount / 1000:g}" for kind, amount in items)
        print(f"{now:g} ms: framework {framework}, role {role}, agent {agent}: {text}")
    return made


def main(core):
    assert core.call("abiVersion") == 1
    kinds = [core.call("addKind", core.call("addName", 0), 0, 0, 1.0) for _ in NAMES]
    core.ok("setUp", FILTER_GPUS, SEED, 0, 0)
    roles = [core.call("addRole", 0, rank, 0) for rank in range(2)]
    core.ok("setWeight", roles[1], 2.0)
    for index in range(3):
        framework = core.call("newFramework", index)
        core.ok("introduce", framework, CAPABILITIES)
        core.ok("subscribe", framework, roles[index % 2], 1, 0)
    for index in range(5):
        amounts = [1000.0 * (index + 1), 512000.0 * (index + 1)]
        total = list(zip(kinds, amounts))
        core.call("addAgent", AGENT_OFFERED, float(index), core.write_list(total))

    for framework, role, agent, items in run(core, 0.0):
        # Agents with even numbers are refused for five seconds, the others come back at once.
        end = 5000.0 if agent % 2 == 0 else -1.0
        core.ok("recover", framework, agent, role, core.write_list(items), 0, end)
    run(core, 1000.0)
    print(f"{core.call('countFilters')} refusals")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 offers.py ./libcore.so")
    with Core(sys.argv[1]) as one:
        main(one)
