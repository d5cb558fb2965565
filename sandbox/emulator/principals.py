"""Roles and users by their unique ids, as AWS keeps them. IAM stores the unique id of a role or user that a trust policy
names as a principal, and shows its ARN for as long as that principal exists: a principal that was deleted and created
again under its name is another one. A session is of the role's unique id too, and a function's of the role that
its configuration was written with. `aws:PrincipalArn` of a session is its role's ARN.
Source: "AWS JSON policy elements: Principal" and "AWS global condition context keys", IAM user guide."""

import json
import re

from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.iam_evaluator import CredentialResolutionError
from ministack.services import iam, lambda_svc, sts

PRINCIPAL = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")

trust_error = iam._trust_policy_not_principal_error
register_session = sts.register_session
resolve_credential = iam_evaluator.resolve_credential
execution_credentials = lambda_runtime.execution_credentials
resolve_condition_key = iam_evaluator._resolve_condition_key

# The unique id of the role of each function, by the function's ARN, with the revision that it was found for.
bound: dict[str, tuple] = {}


def entity(arn):
    """The role or user of an ARN; None where there is none."""
    account, kind, name = PRINCIPAL.fullmatch(arn).groups()
    found = (iam._roles if kind == "role" else iam._users).get_scoped(account, None, name)
    return found if found and found["Arn"] == arn else None


def role_of_session(arn):
    """The role that an assumed-role session's ARN names; None for any other ARN and where there is no such role."""
    _, _, service, _, account, resource = (arn.split(":", 5) + [""] * 6)[:6]
    kind, _, name = resource.partition("/")
    if service != "sts" or kind != "assumed-role":
        return None
    return iam._roles.get_scoped(account, None, name.split("/")[0])


def principals(document):
    """The principals of a trust policy that name AWS accounts, roles or users."""
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if isinstance(principal, dict) and "AWS" in principal:
            yield principal


def named(principal):
    return [principal["AWS"]] if isinstance(principal["AWS"], str) else principal["AWS"]


def trust_policy_error(document):
    """Refuses a trust policy that names a role or user that does not exist: it has no unique id to store."""
    try:
        missing = [arn for principal in principals(json.loads(document)) for arn in named(principal)
                   if PRINCIPAL.fullmatch(arn) and not entity(arn)]
    except (TypeError, ValueError):
        missing = []
    return trust_error(document) or (f'Invalid principal in policy: "AWS":"{missing[0]}"' if missing else None)


def show_unique_id(role, arn, unique_id):
    document = json.loads(role["AssumeRolePolicyDocument"] or "{}")
    concerned = [principal for principal in principals(document) if arn in named(principal)]
    for principal in concerned:
        principal["AWS"] = [unique_id if one == arn else one for one in named(principal)]
    if concerned:
        role["AssumeRolePolicyDocument"] = json.dumps(document)


def deletes(delete, kept, name_parameter, unique_id):
    """The deletion of a role or user, after which trust policies show the unique id in place of its ARN."""
    def carry_out(parameters):
        name = iam._p(parameters, name_parameter)
        deleted = kept.get(name)
        answer = delete(parameters)
        if deleted and name not in kept:
            for role in iam._roles._data.values():
                show_unique_id(role, deleted["Arn"], deleted[unique_id])
        return answer
    return carry_out


def register(access_key, session):
    role = role_of_session(session.get("Arn", ""))
    if role:
        session.setdefault("RoleId", role["RoleId"])
    register_session(access_key, session)


def resolve(access_key_id, *arguments, **named):
    """The credential, unless it is a session of a role that was deleted."""
    session = sts._sessions.get(access_key_id) or {}
    role = role_of_session(session.get("Arn", "")) or {}
    if session.get("RoleId") and session["RoleId"] != role.get("RoleId"):
        return CredentialResolutionError("InvalidClientTokenId", "The security token included in the request is invalid.")
    return resolve_credential(access_key_id, *arguments, **named)


def credentials_of_function(config):
    """A function's session is of the role as it was when the configuration was written: AWS binds the two then."""
    credentials = execution_credentials(config)
    session = sts._sessions.get(credentials["AWS_ACCESS_KEY_ID"])
    if session:
        function, revision = config.get("FunctionArn"), config.get("RevisionId")
        if bound.get(function, (None,))[0] != revision:
            bound[function] = revision, (role_of_session(session["Arn"]) or {}).get("RoleId")
        session["RoleId"] = bound[function][1]
    return credentials


def condition_key(key, ctx):
    """The value of a global condition key, for ministack's evaluator."""
    if key.lower() == "aws:principalarn":
        role = role_of_session(ctx.principal_arn)
        if role:
            return role["Arn"]
    return resolve_condition_key(key, ctx)


def fill():
    iam._trust_policy_not_principal_error = trust_policy_error
    handlers = iam._IAM_HANDLERS
    handlers["DeleteRole"] = deletes(handlers["DeleteRole"], iam._roles, "RoleName", "RoleId")
    handlers["DeleteUser"] = deletes(handlers["DeleteUser"], iam._users, "UserName", "UserId")
    sts.register_session = register
    iam_evaluator.resolve_credential = sts.resolve_credential = resolve
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials_of_function
