"""What the forms of clusters share: how credentials and labels are read from them."""

from __future__ import annotations

from basefly.base.errors import Conflict, Invalid, Malformed
from basefly.base.web import Form
from basefly.core.clusters.actions import Given

MISTAKES = (Invalid, Malformed, Conflict)  # what a form can be wrong about


async def given(form: Form) -> Given:
    """The credentials of a form: pasted, uploaded, or an address with a token."""
    uploaded = (await form.file("file")).decode("utf-8", "replace")
    return Given(
        kubeconfig=uploaded or form.text("kubeconfig"),
        context=form.text("context"),
        server=form.text("server"),
        ca=form.text("ca"),
        token=form.text("token"),
    )
