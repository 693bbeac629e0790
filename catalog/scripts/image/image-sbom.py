"""image-sbom.py MANIFEST CONTENTS OUT: what an image is made of, for programs that ask about licences and known holes. Writes OUT/sbom.spdx.json
(SPDX 2.3), OUT/sbom.cdx.json (CycloneDX 1.5) and OUT/licences. CONTENTS has a line for each part:
KIND|NAME|VERSION|LICENCE|SHA256|FILE|URL|WITHIN, of KIND built (here, of that source), deb (as the distribution has it) or toolchain (libraries
of the compiler). WITHIN names the parts that it is linked into, with commas."""
import json
import os
import sys
import time
import urllib.parse

manifest_file, contents_file, out = sys.argv[1:]
with open(manifest_file) as file:
    manifest = json.load(file)
with open(contents_file) as lines:
    parts = [dict(zip(("kind", "name", "version", "licence", "sha256", "file", "url", "within"), line.rstrip("\n").split("|"))) for line in lines if line.strip()]
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
image, disk = manifest["image"], manifest["disk"]["sha256"]
UUID = f"{disk[:8]}-{disk[8:12]}-5{disk[13:16]}-8{disk[17:20]}-{disk[20:32]}"


def identifier(*words):
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in "-".join(words))


def package_url(part):
    """https://github.com/package-url/purl-spec"""
    version = urllib.parse.quote(part["version"], safe="")
    if part["kind"] == "deb":
        architecture = part["file"].removesuffix(".deb").rsplit("_", 1)[-1]
        return f"pkg:deb/debian/{part['name']}@{version}?arch={architecture}"
    more = {key: value for key, value in (("checksum", part["sha256"] and "sha256:" + part["sha256"]), ("download_url", part["url"])) if value}
    return f"pkg:generic/{part['name']}@{version}" + ("?" + "&".join(f"{key}={urllib.parse.quote(value, safe=':')}" for key, value in more.items()) if more else "")


for part in parts:
    part["id"] = identifier(part["kind"], part["name"], part["version"])
    part["purl"] = package_url(part)
by_name = {part["name"]: part for part in parts if part["kind"] == "built"}


def linked(part):
    return [by_name[name] for name in part["within"].split(",") if name in by_name]


def spdx():
    """https://spdx.github.io/spdx-spec/v2.3/"""
    def package(part):
        row = {"SPDXID": "SPDXRef-" + part["id"], "name": part["name"], "versionInfo": part["version"], "filesAnalyzed": False,
               "downloadLocation": part["url"] or "NOASSERTION", "licenseConcluded": "NOASSERTION", "licenseDeclared": part["licence"] or "NOASSERTION",
               "copyrightText": "NOASSERTION", "supplier": "Organization: Debian" if part["kind"] == "deb" else "NOASSERTION",
               "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part["purl"]}]}
        if part["sha256"]:
            row["checksums"] = [{"algorithm": "SHA256", "checksumValue": part["sha256"]}]
            row["packageFileName"] = part["file"]
        return row

    own = {"SPDXID": "SPDXRef-image", "name": image, "versionInfo": disk, "filesAnalyzed": False, "downloadLocation": "NOASSERTION",
           "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "supplier": "NOASSERTION",
           "primaryPackagePurpose": "OPERATING-SYSTEM", "checksums": [{"algorithm": "SHA256", "checksumValue": disk}]}
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image")]
    relations += [("SPDXRef-image", "CONTAINS", "SPDXRef-" + part["id"]) for part in parts]
    relations += [("SPDXRef-" + user["id"], "STATIC_LINK", "SPDXRef-" + part["id"]) for part in parts for user in linked(part)]
    custom = sorted({word for part in parts for word in part["licence"].replace("(", " ").replace(")", " ").split() if word.startswith("LicenseRef-")})
    document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": image,
                "documentNamespace": f"https://spdx.org/spdxdocs/{identifier(image)}-{UUID}",
                "creationInfo": {"created": NOW, "creators": ["Tool: swage"]}, "packages": [own] + [package(part) for part in parts],
                "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations]}
    if custom:
        document["hasExtractedLicensingInfos"] = [{"licenseId": one, "extractedText": "the text is in the package", "name": one.removeprefix("LicenseRef-")}
                                                  for one in custom]
    return document


def cyclonedx():
    """https://cyclonedx.org/docs/1.5/json/"""
    def component(part):
        row = {"type": "library" if part["within"] else "application", "bom-ref": part["id"], "name": part["name"], "version": part["version"], "purl": part["purl"]}
        if part["licence"]:
            row["licenses"] = [{"expression": part["licence"]}]
        if part["sha256"]:
            row["hashes"] = [{"alg": "SHA-256", "content": part["sha256"]}]
        if part["url"]:
            row["externalReferences"] = [{"type": "distribution", "url": part["url"]}]
        return row

    own = {"type": "operating-system", "bom-ref": "image", "name": image, "version": disk, "hashes": [{"alg": "SHA-256", "content": disk}]}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:" + UUID, "version": 1,
            "metadata": {"timestamp": NOW, "tools": {"components": [{"type": "application", "name": "swage"}]}, "component": own},
            "components": [component(part) for part in parts],
            "dependencies": [{"ref": "image", "dependsOn": [part["id"] for part in parts]}] +
                            [{"ref": user["id"], "dependsOn": [part["id"] for part in parts if user in linked(part)]} for user in parts
                             if any(user in linked(part) for part in parts)]}


def licences():
    """By licence, what has it; what nobody says the licence of comes last."""
    found = {}
    for part in parts:
        found.setdefault(part["licence"] or "~", []).append(f"{part['name']} {part['version']}" + (f" (in {part['within'].replace(',', ', ')})" if part["within"] else ""))
    for licence, names in sorted(found.items()):
        yield ("not known: see the packages' own files" if licence == "~" else licence) + "\n"
        yield from (f"  {name}\n" for name in sorted(names))


for name, document in (("sbom.spdx.json", spdx()), ("sbom.cdx.json", cyclonedx())):
    with open(os.path.join(out, name), "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
with open(os.path.join(out, "licences"), "w") as file:
    file.writelines(licences())
