"""Plans as `terraform show -json` writes them, put together by hand."""

from typing import Any

AWS = "registry.terraform.io/hashicorp/aws"
GOOGLE = "registry.terraform.io/hashicorp/google"
AZURE = "registry.terraform.io/hashicorp/azurerm"


def change(
    address: str,
    after: dict[str, Any] | None,
    unknown: dict[str, Any] | None = None,
    *,
    provider: str = AWS,
    actions: tuple[str, ...] = ("create",),
    secret: dict[str, Any] | None = None,
    mode: str = "managed",
) -> dict[str, Any]:
    """One of resource_changes: what stands in `after` is known, what is true in `unknown` is known after apply."""
    resource_type, name = address.split(".")[-2:]
    return {
        "address": address,
        "mode": mode,
        "type": resource_type,
        "name": name,
        "provider_name": provider,
        "change": {
            "actions": list(actions),
            "before": None,
            "after": after,
            "after_unknown": {"id": True, **(unknown or {})},
            "before_sensitive": False,
            "after_sensitive": secret or {},
        },
    }


def plan(*changes: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A whole plan; `parts` are more of its top level."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "configuration": {"provider_config": {"aws": {"name": "aws", "full_name": AWS}}, "root_module": {}},
        "applyable": True,
        "errored": False,
        **parts,
    }


def with_default_tags(name: str, argument: str) -> dict[str, Any]:
    """A configuration that gives a provider default tags whose values only the apply will know."""
    expression = {"references": ["random_pet.project.id", "random_pet.project"]}
    return {"provider_config": {name: {"name": name, "expressions": {argument: expression}}}}
