#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.py FILE NAME: print FILE as a C array `const unsigned char NAME[]` with its size."""
import sys

data = open(sys.argv[1], "rb").read()
name = sys.argv[2]
print("/* Made by embed.py from the linked stub. */")
print('#include "box/exec.h"')
print(f"const unsigned char {name}[] = {{")
for at in range(0, len(data), 16):
    print("\t" + " ".join(f"0x{byte:02x}," for byte in data[at:at + 16]))
print("};")
print(f"const size_t {name}_size = sizeof({name});")
