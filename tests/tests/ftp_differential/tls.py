"""Commands around TLS: prints state, command and codes, a line for each. Arguments: port, user, password, directory."""
import socket
import ssl
import sys

port, user, password, directory = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
state = sys.argv[5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
# Its sessions are resumed as often as is wanted, by all.
context.maximum_version = ssl.TLSVersion.TLSv1_2
PATIENCE = 60


class Control:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.octets = b""
        assert self.reply() == "220"

    def line(self):
        while b"\n" not in self.octets:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError
            self.octets += more
        line, self.octets = self.octets.split(b"\n", 1)
        return line.decode("latin-1")

    def reply(self):
        try:
            last = first = self.line()
            while first[3:4] == "-" and not last.startswith(first[:3] + " "):
                last = self.line()
            self.last = last
            return first[:3]
        except TimeoutError:
            raise
        except OSError:
            return "closed"

    def say(self, command):
        try:
            self.socket.sendall(command.encode() + b"\r\n")
        except OSError:
            return "closed"
        return self.reply()

    def secure(self):
        assert self.say("AUTH TLS") == "234"
        self.socket = context.wrap_socket(self.socket)
        return self

    def login(self):
        said = [self.say("USER " + user), self.say("PASS " + password)]
        if directory and said[1] == "230":
            assert self.say("CWD " + directory) == "250"
        return said

    def transfer(self, command, tls):
        """`tls`: of the data connection."""
        if self.say("EPSV") != "229":
            return "no EPSV: " + self.last[:3]
        data = socket.create_connection(("127.0.0.1", int(self.last.split("|")[3])), PATIENCE)
        first = self.say(command)
        if first[0] != "1":
            return first
        try:
            if tls:
                data = context.wrap_socket(data, session=self.socket.session)
            if command.startswith("STOR"):
                data.sendall(b"no octets of TLS\r\n")
                if tls:
                    data = data.unwrap()
                data.shutdown(socket.SHUT_WR)
            while data.recv(65536):
                pass
        except OSError:
            pass
        data.close()
        return "150 " + self.reply()


def tell(state, command, code):
    print(state, command, code, sep="\t")


def all_of(state, control, commands):
    for command in commands.split("; "):
        code = control.say(command)
        tell(state, command, code)
        if code == "closed" or code == "421":
            return False
    return True


def data(state, control, command, tls, again):
    """Gives the session, or another where that has ended."""
    code = control.transfer(command, tls)
    tell(state, ("@" if tls else "@in clear ") + command, code)
    return control if control.say("NOOP") == "200" else again()


def private():
    control = Control().secure()
    control.login()
    assert control.say("PBSZ 0") == "200" and control.say("PROT P") == "200"
    return control


def clear_data():
    control = Control().secure()
    control.login()
    return control


if state == "offered":
    control = Control()
    all_of("TLS offered", control, "PBSZ 0; PROT P; CCC; AUTH; AUTH NOSUCH")
    control = Control().secure()
    if not all_of("under TLS", control, "AUTH TLS; CCC; PROT P; PROT C; PBSZ; PBSZ x; PBSZ 1; PBSZ 0; PROT; PROT X; PROT S; PROT E; PROT C; PROT P"):
        raise SystemExit("it has gone")
    for command, code in zip(["USER", "PASS"], control.login()):
        tell("under TLS", command + " …", code)
    all_of("under TLS, PROT P", control, "AUTH TLS; PBSZ 0; PROT P; FEAT; STAT; PWD")
    control = private()
    for command in ["RETR f", "STOR new", "LIST", "NLST"]:
        control = data("under TLS, PROT P", control, command, True, private)
    # No download: pyftpdlib says 522 or nothing then, as it happens.
    control = data("under TLS, PROT P", control, "STOR clear", False, private)
    control = private()
    all_of("under TLS, PROT P", control, "REIN")
    control = private()
    all_of("under TLS, PROT C", control, "PROT C")
    for command in ["RETR f", "STOR new", "LIST"]:
        control = data("under TLS, PROT C", control, command, False, clear_data)
    all_of("under TLS, PROT C", private(), "CCC")
else:
    all_of("TLS required", Control(), "NOOP; FEAT; SYST; PBSZ 0; PROT P")
    control = Control()
    for command, code in zip(["USER", "PASS"], control.login()):
        tell("TLS required", command + " …", code)
    control = clear_data()
    for command in ["RETR f", "STOR new", "LIST"]:
        control = data("TLS required, no PROT", control, command, False, clear_data)
    all_of("TLS required, PROT P", private(), "PROT C; CCC")
