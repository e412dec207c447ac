# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the servers of the unit tests share: certificates, connections of HTTP/1.1, listeners.

A server is called with a directory, where it puts ca.pem, which signed the certificates of its HTTPS servers and
that of client.pem; other.pem, which signed nothing; trust/ca.crt and empty/ for --cert-dir, empty/auth.json for
--authfile. It prints its ports, and ends when its stdin does.
"""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse


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
    for name in "trust", "empty":
        os.mkdir(os.path.join(directory, name))
    with open(os.path.join(directory, "empty", "auth.json"), "w") as out:
        out.write("{}")
    shutil.copy(os.path.join(directory, "ca.pem"), os.path.join(directory, "trust", "ca.crt"))


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
        self.path, _, query = target.partition("?")
        self.query = urllib.parse.unquote(query)
        words = self.path.strip("/").split("/")
        return self.respond(words) is not False


def serve(listener, context, handler):
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=talk, args=(sock, context, handler, number), daemon=True).start()


def talk(sock, context, handler, number):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if context:
            sock = context.wrap_socket(sock, server_side=True)
        connection = handler(sock, number)
        while connection.request():
            pass
        connection.file.close()
        sock.close()
    except (OSError, ssl.SSLError, ValueError):
        pass


def tls(directory, wants_client=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "server.pem"), os.path.join(directory, "server.key"))
    context.load_verify_locations(os.path.join(directory, "ca.pem"))
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def start(context, handler):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener, context, handler), daemon=True).start()
    return listener.getsockname()[1]


def run(*ports):
    print(*ports, flush=True)
    sys.stdin.read()
