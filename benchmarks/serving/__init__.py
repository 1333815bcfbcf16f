"""Serving on a real shop, The Complete Journey, beside what an engineer of the shop would write in an afternoon."""
