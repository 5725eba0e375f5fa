"""Python's own TOML reader reads every hardened deployment.toml, and what it reads becomes the connector
that the product's template would render: https properties as attributes of <Connector>, sslHostConfig
properties as attributes of <SSLHostConfig>. They are left in WORK/rendered for Connectors.java.

usage: rendered.py WORK
"""
import pathlib, sys, tomllib
from xml.sax.saxutils import quoteattr

work = pathlib.Path(sys.argv[1])
(work / "rendered").mkdir(exist_ok=True)
read = made = 0
for after in sorted((work / "after").rglob("deployment.toml")):
    path = after.relative_to(work / "after")
    if after.read_bytes() == (work / "before" / path).read_bytes():
        continue
    https = tomllib.loads(after.read_bytes().decode("utf-8-sig")).get("transport", {}).get("https", {})
    read += 1
    host = https.get("sslHostConfig", {}).get("properties")
    if host:
        attrs = lambda table: "".join(f" {k}={quoteattr(str(v))}" for k, v in table.items())
        xml = f'<Server><Service><Connector SSLEnabled="true"{attrs(https["properties"])}><SSLHostConfig{attrs(host)}/></Connector></Service></Server>'
        (work / "rendered" / f"{path.parts[0]}.xml").write_text(xml)
        made += 1
if not made:
    sys.exit("rendered: no hardened deployment.toml sets the HTTPS connector")
print(f"tomllib: {read} files, 0 wrong ({made} set the HTTPS connector)")
