"""log.blogpost.*: messages of the feed (log/*.md)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method, yes
from connector.sandbox.rest.php import as_list


@method("log.blogpost.add", scope="log")
def add(call: Call) -> Any:
    text = str(call.get("POST_MESSAGE") or "").strip()
    if not text:
        raise RestError("SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR", "Blog post hasn't been added")
    row_id = call.world.next_id("blog_post")
    call.world.blog_posts.insert(
        {
            "ID": row_id,
            "AUTHOR_ID": call.user.id,
            "TITLE": str(call.get("POST_TITLE") or ""),
            "MESSAGE": text,
            "DEST": [str(code) for code in as_list(call.get("DEST"))] or ["UA"],
            "IMPORTANT": yes(call.get("IMPORTANT", "N")),
            "DATE": call.world.now(),
        }
    )
    return row_id


@method("log.blogpost.delete", scope="log")
def delete(call: Call) -> Any:
    row = call.world.blog_posts.get(call.integer("POST_ID"))
    if row is None:
        raise RestError("100", "Invalid POST_ID")
    if not (call.user.is_admin or row["AUTHOR_ID"] == call.user.id):
        raise RestError("403", "Insufficient permissions to delete the message", 403)
    call.world.blog_posts.remove(row["ID"])
    return True
