"""The sizes of IAM policies, which ministack accepts without a limit. IAM counts no white space. Source: "IAM and AWS
STS quotas", IAM User Guide."""

from ministack.services import iam

MANAGED = 6144
INLINE = {"user": 2048, "role": 10240}

create_policy = iam._create_policy
create_version = iam._create_policy_version
put = {"user": iam._put_user_policy, "role": iam._put_role_policy}


def size(document):
    return len("".join((document or "").split()))


def too_large(message):
    return iam._error(409, "LimitExceeded", message, ns="iam")


def managed(handler):
    def limited(params):
        if size(iam._p(params, "PolicyDocument")) > MANAGED:
            return too_large(f"Cannot exceed quota for PolicySize: {MANAGED}")
        return handler(params)
    return limited


def inline(kind, name, present):
    """The policies that the principal has count together with the one that is put."""
    def limited(params):
        principal = iam._p(params, name)
        others = {**present(principal), iam._p(params, "PolicyName"): iam._p(params, "PolicyDocument")}
        if sum(size(document) for document in others.values()) > INLINE[kind]:
            return too_large(f"Maximum policy size of {INLINE[kind]} bytes exceeded for {kind} {principal}")
        return put[kind](params)
    return limited


def of_user(name):
    return iam._user_inline_policies.get(name) or {}


def of_role(name):
    return (iam._roles.get(name) or {}).get("InlinePolicies") or {}


def fill():
    iam._IAM_HANDLERS.update(
        CreatePolicy=managed(create_policy),
        CreatePolicyVersion=managed(create_version),
        PutUserPolicy=inline("user", "UserName", of_user),
        PutRolePolicy=inline("role", "RoleName", of_role),
    )
