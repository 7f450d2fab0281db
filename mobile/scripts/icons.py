"""Makes the app's pictures from the blog's own icon: `python mobile/scripts/icons.py` (needs Pillow)."""

from pathlib import Path

from PIL import Image

MOBILE = Path(__file__).parent.parent
STATIC = MOBILE.parent / "static"


def main() -> None:
    whole = Image.open(STATIC / "icon-512.png").convert("RGBA")
    full = Image.open(STATIC / "icon-maskable-512.png").convert("RGBA")
    full.resize((1024, 1024)).convert("RGB").quantize(64).save(MOBILE / "assets/icon.png", optimize=True)
    full.quantize(64).save(MOBILE / "assets/icon-foreground.png", optimize=True)
    whole.resize((320, 320)).save(MOBILE / "assets/splash.png", optimize=True)
    whole.resize((48, 48)).save(MOBILE / "assets/favicon.png", optimize=True)
    for size in (180, 192, 512):
        whole.resize((size, size)).save(MOBILE / f"public/icon-{size}.png", optimize=True)
    full.quantize(64).save(MOBILE / "public/icon-maskable-512.png", optimize=True)


if __name__ == "__main__":
    main()
