"""Pipelines of deals and their stages, read and changed for a person. Must never touch a deal, nor send a write twice.

`open_desk` first; then `desk.board()` to read, `create`, `rename`, `reorder` and `delete` for whole pipelines, `stages.add`, `.rename`,
`.recolour`, `.reorder` and `.delete` for their stages. Both REST families (`crm.category.*`, `crm.status.*`) and their quirks end here:
prefixes of stage codes, the built-in pipeline 0, what may be deleted. Every change needs the right `Action.PIPELINES`, is made one at a
time on a portal, is read back before it is claimed, and leaves a line in the audit log.
"""

from connector.pipelines import stages
from connector.pipelines.desk import Desk, open_desk
from connector.pipelines.inuse import Hold, hold
from connector.pipelines.model import Board, DealPipeline, DealStage, pipeline_json, stage_json
from connector.pipelines.rules import find, find_stage
from connector.pipelines.whole import create, delete, rename, reorder

__all__ = [
    "Board",
    "DealPipeline",
    "DealStage",
    "Desk",
    "Hold",
    "create",
    "delete",
    "find",
    "find_stage",
    "hold",
    "open_desk",
    "pipeline_json",
    "rename",
    "reorder",
    "stage_json",
    "stages",
]
