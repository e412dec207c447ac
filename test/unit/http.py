#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers that test/unit/http.c talks to: two of plain HTTP and one of HTTPS on free ports of 127.0.0.1.

http.py DIRECTORY  prints the three ports, and ends when its stdin does. The directory gets ca.pem, which
signed the HTTPS server's certificate, and other.pem, which signed nothing. What a path does stands below.
"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

ports = []


def certificates(directory):
    def openssl(*args):
        subprocess.run(("openssl",) + args, check=True, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for name in "ca", "other":
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", name + ".key", "-out", name + ".pem", "-subj", "/CN=test " + name)
    for name, extension in ("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
                "-out", name + ".csr", "-subj", "/CN=" + name)
        with open(os.path.join(directory, name + ".ext"), "w") as out:
            out.write(extension + "\n")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", name + ".ext", "-out", name + ".pem")


class Connection:
    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.file = sock.makefile("rb")

    def send(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def answer(self, status, body=b"", *headers):
        if isinstance(body, str):
            body = body.encode()
        head = "HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (status, len(body))
        self.send(head + "".join(h + "\r\n" for h in headers) + "\r\n")
        if self.method != "HEAD":
            self.send(body)

    def body(self):
        if self.headers.get("transfer-encoding") == "chunked":
            data = b""
            while True:
                size = int(self.file.readline(), 16)
                data += self.file.read(size)
                self.file.readline()
                if size == 0:
                    return data
        return self.file.read(int(self.headers.get("content-length", 0)))

    def request(self):
        if self.file.peek(1)[:1] == b"\x16":
            self.send("HTTP/1.0 400 this is no TLS\r\n\r\n")
            return False
        line = self.file.readline().decode()
        if not line:
            return False
        self.method, target, _ = line.split()
        self.headers, self.lines = {}, []
        while (line := self.file.readline().decode().rstrip("\r\n")):
            self.lines.append(line)
            name, value = line.split(": ", 1)
            self.headers[name.lower()] = value
        path, _, query = target.partition("?")
        self.query = urllib.parse.unquote(query)
        words = path.strip("/").split("/")
        return getattr(self, "do_" + words[0])(*words[1:]) is not False

    # Each of these is a path; False ends the connection.

    def do_hello(self):
        self.body()
        self.answer(200, "hello", "Content-Type: text/plain", "X-Two:   spaced ", "X-TWO: second")

    def do_echo(self, *rest):
        body = self.body()
        self.answer(200, self.method + "\n" + "\n".join(sorted(self.lines)) + "\n\n" + body.decode("latin-1"))

    def do_connection(self):
        self.body()
        self.answer(200, str(self.number))

    def do_size(self, n):
        self.answer(200, bytes(i * 7 % 251 for i in range(251)) * (int(n) // 251 + 1))

    def do_large(self, n):
        self.send("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n" % n)
        block = bytes(1 << 20)
        for _ in range(int(n) >> 20):
            self.send(block)

    def do_sum(self):
        self.answer(200, "%d" % sum(self.body()))

    def do_status(self, status, *header):
        self.body()
        self.answer(int(status), "", *([self.query] if self.query else []))

    def do_chunked(self):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    def do_unended(self):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        return False

    def do_short(self):
        self.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")
        return False

    def do_closed(self):
        self.send("HTTP/1.0 200 OK\r\n\r\nuntil the end")
        return False

    def do_nothing(self):
        return False

    def do_reset(self):
        self.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")
        time.sleep(0.1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def do_early(self):
        self.answer(413, "too large")
        time.sleep(0.2)
        return False

    def do_headers(self, n):
        self.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + "X: %s\r\n" % ("x" * 1000) * int(n) + "\r\n")

    def do_garbage(self):
        self.send("220 smtp ready\r\n\r\n")
        return False

    def do_nul(self):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\0b\r\n\r\n")

    def do_zip(self):
        self.answer(200, b"\x1f\x8b not really", "Content-Encoding: gzip")

    def do_cookie(self):
        self.answer(302, "", "Set-Cookie: a=b", "Location: /echo")

    def do_redirect(self, status="302"):
        self.answer(int(status), "elsewhere", "Location: " + self.query)

    def do_loop(self, n="0"):
        self.answer(307, "", "Location: /loop/%d" % (int(n) + 1))

    def do_down(self, n):
        if int(n) == 0:
            return self.do_hello()
        self.answer(307, "", "Location: ../down/%d" % (int(n) - 1))


def serve(listener, context):
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=talk, args=(sock, context, number), daemon=True).start()


def talk(sock, context, number):
    try:
        if context:
            sock = context.wrap_socket(sock, server_side=True)
        connection = Connection(sock, number)
        while connection.request():
            pass
        connection.file.close()
        sock.close()
    except (OSError, ssl.SSLError, ValueError):
        pass


def main():
    directory = sys.argv[1]
    certificates(directory)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.path.join(directory, "server.pem"), os.path.join(directory, "server.key"))
    tls.load_verify_locations(os.path.join(directory, "ca.pem"))
    wants = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wants.load_cert_chain(os.path.join(directory, "server.pem"), os.path.join(directory, "server.key"))
    wants.load_verify_locations(os.path.join(directory, "ca.pem"))
    wants.verify_mode = ssl.CERT_REQUIRED
    for context in None, None, tls, wants:
        listener = socket.create_server(("127.0.0.1", 0))
        ports.append(listener.getsockname()[1])
        threading.Thread(target=serve, args=(listener, context), daemon=True).start()
    print(*ports, flush=True)
    sys.stdin.read()


main()
