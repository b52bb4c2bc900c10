"""As much of MessagePack as a test of the wire needs."""
import struct

FIXED = {0xca: ">f", 0xcb: ">d", 0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q",
         0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}
# type byte: (kind, bytes of the length)
SIZED = {0xc4: ("bin", 1), 0xc5: ("bin", 2), 0xc6: ("bin", 4), 0xd9: ("str", 1), 0xda: ("str", 2), 0xdb: ("str", 4),
         0xdc: ("array", 2), 0xdd: ("array", 4), 0xde: ("map", 2), 0xdf: ("map", 4)}
CONSTANT = {0xc0: None, 0xc2: False, 0xc3: True}


def pack(v):
    if isinstance(v, dict):
        return struct.pack(">BH", 0xde, len(v)) + b"".join(pack(k) + pack(x) for k, x in v.items())
    if isinstance(v, str):
        return struct.pack(">BH", 0xda, len(v.encode())) + v.encode()
    if isinstance(v, bytes):
        return struct.pack(">BH", 0xc5, len(v)) + v
    return struct.pack(">Bq", 0xd3, v)


def unpack(b, i=0):
    """(value, offset behind it)"""
    t, i = b[i], i + 1
    if t < 0x80:
        return t, i
    if t >= 0xe0:
        return t - 256, i
    if t in CONSTANT:
        return CONSTANT[t], i
    if t in FIXED:
        return struct.unpack_from(FIXED[t], b, i)[0], i + struct.calcsize(FIXED[t])
    if t in SIZED:
        kind, width = SIZED[t]
        n, i = int.from_bytes(b[i:i + width], "big"), i + width
    else:
        kind, n = ("map", t & 15) if t < 0x90 else ("array", t & 15) if t < 0xa0 else ("str", t & 31)
    if kind in ("bin", "str"):
        raw = bytes(b[i:i + n])
        return raw if kind == "bin" else raw.decode(), i + n
    items = []
    for _ in range(n * (2 if kind == "map" else 1)):
        item, i = unpack(b, i)
        items.append(item)
    return dict(zip(items[::2], items[1::2])) if kind == "map" else items, i


def call(sock, method, params):
    def take(n):
        got = b""
        while len(got) < n:
            more = sock.recv(n - len(got))
            assert more, "closed"
            got += more
        return got

    body = pack({"jsonrpc": "2.0", "id": 5, "method": method, "params": params})
    sock.sendall(struct.pack(">I", len(body)) + body)
    answer, _ = unpack(take(struct.unpack(">I", take(4))[0]))
    assert answer.get("id") == 5 and "result" in answer, answer
    return answer["result"]
