"""The Terraform files. That Terraform itself takes them was tried with 1.11.4: `validate`, `plan` and `fmt -check`."""

import re

from mlspend.core.tag_policy import RequiredTag, TagPolicy
from mlspend.core.tag_policy_terraform import terraform_files

PROJECT = RequiredTag(
    "project",
    "Project",
    ("Project",),
    {"search": "search", "fraud-detection": "Fraud Detection"},
)
STAGE = RequiredTag("ml_stage", "stage", ("stage",), {})


def test_variables_take_only_allowed_values_and_providers_give_them_to_every_resource() -> None:
    files = terraform_files(TagPolicy((PROJECT, STAGE)))
    header = "# Written by `mlspend tags export`: change mlspend.yml, not this file.\n"
    assert files["terraform/mlspend_tags.tf"] == (
        header
        + """
variable "tag_project" {
  description = "The tag Project: the project that spend is attributed to."
  type        = string

  validation {
    condition = contains([
      "Fraud Detection",
      "search",
    ], var.tag_project)
    error_message = "The tag Project must be one of: Fraud Detection, search."
  }
}

variable "tag_ml_stage" {
  description = "The tag stage: the ml stage that spend is attributed to."
  type        = string

  validation {
    condition     = length(trimspace(var.tag_ml_stage)) > 0
    error_message = "The tag stage must not be empty."
  }
}

# Tags for aws (default_tags) and azurerm, which has none: tags = local.mlspend_tags.
locals {
  mlspend_tags = {
    "Project" = var.tag_project
    "stage"   = var.tag_ml_stage
  }
}

# Labels for google (default_labels).
locals {
  mlspend_label_of_project = {
    "Fraud Detection" = "fraud-detection"
    "search"          = "search"
  }
}

locals {
  mlspend_labels = {
    "project" = local.mlspend_label_of_project[var.tag_project]
    "stage"   = lower(var.tag_ml_stage)
  }
}
"""
    )
    assert files["terraform/mlspend_aws.tf"].endswith(
        'provider "aws" {\n  default_tags {\n    tags = local.mlspend_tags\n  }\n}\n'
    )
    assert files["terraform/mlspend_google.tf"].endswith(
        'provider "google" {\n  default_labels = local.mlspend_labels\n}\n'
    )


def test_a_name_that_no_label_can_hold_leaves_the_labels_out_and_says_so() -> None:
    files = terraform_files(TagPolicy((RequiredTag("project", "project", ("project",), {"größe": "Größe"}),)))
    assert "terraform/mlspend_google.tf" not in files
    assert "mlspend_labels" not in files["terraform/mlspend_tags.tf"]
    assert "# No labels for google. gcp: the project 'Größe'" in files["terraform/mlspend_tags.tf"]


def test_a_message_names_no_more_values_than_fit_a_screen() -> None:
    names = {f"p{number:02}": f"p{number:02}" for number in range(30)}
    [text, _, _] = terraform_files(TagPolicy((RequiredTag("team", "team", ("team",), names),))).values()
    assert len(re.findall(r'^ +"p\d\d",$', text, re.MULTILINE)) == 30
    assert "p18, p19 and 10 more." in text
