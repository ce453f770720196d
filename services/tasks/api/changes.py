"""The feed of changes: what concerns a key's agency and those below it, and the catalogue, which is everybody's."""

from services.tasks.queries.visibility import visible_events
from shared.http.feeds import changes_router

VI = "Khóa gắn với một cơ quan thấy danh mục và nhiệm vụ có liên quan đến cơ quan đó hay cấp dưới; khóa của nơi khác chỉ văn phòng và kiểm toán thấy."
EN = "A bound key sees the catalogue and the tasks that concern its agency or those below it; keys of others are shown to the office and auditors only."
router = changes_router("tasks", visible=visible_events, vi=VI, en=EN)
