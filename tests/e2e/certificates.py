"""Certificates for tests, made with openssl."""

import ssl

from harness import program, run


def make(folder, name):
    """A certificate that signs itself, for this host name, and its key, as two paths."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"])
    return certificate, key


def tables(*pairs):
    """The [[certificate]] tables of a configuration."""
    return "".join(f'[[certificate]]\ncertificate = "{certificate}"\nkey = "{key}"\n'
                   for certificate, key in pairs)


def trusting(*certificates, text=""):
    """A client's context that trusts these and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for certificate in certificates:
        context.load_verify_locations(certificate)
    if text:
        context.load_verify_locations(cadata=text)
    return context


def anything():
    """A client's context that checks nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
