"""A layer of small, quick targets to kill, race and starve: a root of five packages and steps that run in it."""
import pathlib

ROOT_PACKAGES = ["base-files", "base-passwd", "coreutils", "dash", "sed"]


def write_layer(directory: pathlib.Path) -> pathlib.Path:
    layer = directory / "fault-layer"
    (layer / "scripts").mkdir(parents=True, exist_ok=True)
    packages = ", ".join(f'"{name}"' for name in ROOT_PACKAGES)
    (layer / "roots.toml").write_text(f'[[root]]\nname = "fault"\npurpose = "tests"\nsuite = "bookworm"\npackages = [{packages}]\n')
    scripts = {
        "fault-many.sh": 'mkdir -p $out; i=0; while [ $i -lt 300 ]; do mkdir -p $out/d$((i % 20)); '
                         'head -c 20000 /dev/zero | tr "\\0" "$(printf "%d" $((i % 10)))" > $out/d$((i % 20))/f$i; i=$((i + 1)); done; '
                         'ln -s d1 $out/link; echo $root > $out/reference\n',
        "fault-after.sh": 'mkdir -p $out; ls -R "$before" > $out/list; echo "$before" > $out/reference\n',
        "fault-fails.sh": 'echo first line; echo last words >&2; exit 3\n',
        "fault-deep.sh": "step=$(printf 'd/%.0s' $(seq 1700)); for place in /build $out; do mkdir -p $place; cd -P $place; "
                         "for i in 1 2 3; do mkdir -p $step; cd -P $step; done; echo end > leaf; done\n",
        "fault-sparse.sh": "truncate -s 4T $out\n",
        "fault-slow.sh": "sleep 120\n",
    }
    for name, text in scripts.items():
        (layer / "scripts" / name).write_text(text)
    recipes = {"fault-many": ("", ""), "fault-after": ('[deps]\nhost = ["fault-many"]\n', 'before = "{dep.fault-many}"\n'),
               "fault-fails": ("", ""), "fault-deep": ("", ""), "fault-sparse": ("", ""), "fault-slow": ("", "")}
    for name, (deps, env) in recipes.items():
        (layer / "packages" / name).mkdir(parents=True, exist_ok=True)
        (layer / "packages" / name / "recipe.toml").write_text(
            f'[package]\nname = "{name}"\n[build]\nscript = "{name}.sh"\nroot = "fault"\n{deps}[env]\nname = "{name}"\n{env}')
    return layer
