"""image-hybrid.py DISK PLACES: makes the protective MBR of a GPT a hybrid one. The first FAT partition of PLACES (NUMBER NAME OFFSET BYTES FS) is its
first entry, for what knows an MBR alone; the table itself is protected by the second."""
import struct
import sys

disk, places = sys.argv[1:]
SECTOR, FAT32_LBA, PROTECTIVE, ACTIVE, NO_CHS = 512, 0x0C, 0xEE, 0x80, b"\xfe\xff\xff"
with open(places) as lines:
    offset, size = next((int(row[2]), int(row[3])) for row in map(str.split, lines) if row[4] == "vfat")


def entry(flag, kind, start, sectors):
    return struct.pack("<B3sB3sII", flag, NO_CHS, kind, NO_CHS, start, sectors)


with open(disk, "r+b") as file:
    file.seek(446)
    file.write(entry(ACTIVE, FAT32_LBA, offset // SECTOR, size // SECTOR) + entry(0, PROTECTIVE, 1, offset // SECTOR - 1) + bytes(32))
