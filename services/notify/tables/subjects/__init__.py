"""Our copies of subjects; every module is imported, so that the metadata has its table."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)
