"""ministack walks through the resources of all accounts and Regions to list those of one. With tens of thousands of
security groups that would be most of the time of every call: here EC2's are kept by account and Region as well."""

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import ec2


class ByScope(dict):
    """A dict by (account, Region, key) that also has a dict by key for each account and Region."""

    def __init__(self, items):
        super().__init__()
        self.scopes = {}
        self.update(items)

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.scopes.setdefault(key[:2], {})[key[2]] = value

    def __delitem__(self, key):
        super().__delitem__(key)
        del self.scopes[key[:2]][key[2]]

    def pop(self, key, *default):
        self.scopes.get(key[:2], {}).pop(key[2], None)
        return super().pop(key, *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, items):
        for key, value in dict(items).items():
            self[key] = value

    def clear(self):
        super().clear()
        self.scopes.clear()


class Store(AccountRegionScopedDict):
    """Lists what one account has in one Region without a look at the others. Each listing is a copy."""

    __slots__ = ()

    def _own(self):
        return self._data.scopes.get(self._prefix(), {})

    def __len__(self):
        return len(self._own())

    def __bool__(self):
        return bool(self._own())

    def __iter__(self):
        return iter(list(self._own()))

    def keys(self):
        return list(self._own())

    def values(self):
        return list(self._own().values())

    def items(self):
        return list(self._own().items())

    def values_scoped(self, account_id, region):
        return list(self._data.scopes.get((account_id, region), {}).values())

    def items_scoped(self, account_id, region):
        return list(self._data.scopes.get((account_id, region), {}).items())


def fill():
    for store in vars(ec2).values():
        if type(store) is AccountRegionScopedDict:
            store._data = ByScope(store._data)
            store.__class__ = Store
