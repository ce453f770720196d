"""The feed of changes: money of a key's agency and of those below it, and of the fields that the key may see."""

from services.finance.queries.visibility import visible_events
from shared.http.feeds import changes_router

VI = "Khóa gắn với một cơ quan thấy ngân sách, nhu cầu của cơ quan đó và cấp dưới, và quyết định chỉ gồm các dòng ấy. Ngân sách không tính tiền quốc phòng, an ninh."
EN = "A bound key sees the budgets and claims of its agency and of those below it, and the decisions that have no other lines. Budgets leave defence and security out."
router = changes_router("finance", visible=visible_events, vi=VI, en=EN)
