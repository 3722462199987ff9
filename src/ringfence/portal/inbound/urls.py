from django.urls import path

from ringfence.portal.inbound import bulk, views

urlpatterns = [
    path("inbound-rules", views.rules),
    path("inbound-rules/bulk", bulk.OF_RULES.view()),
    path("inbound-rules/new", views.new_rule),
    path("inbound-rules/explain", views.question),
    path("inbound-rules/<int:rule_id>", views.edit_rule),
    path("inbound-rules/<int:rule_id>/delete", views.delete_rule),
    path("number-pools", views.pools),
    path("number-pools/bulk", bulk.OF_POOLS.view()),
    path("number-pools/new", views.new_pool),
    path("number-pools/<int:pool_id>/delete", views.delete_pool),
    path("blocked-callers", views.blocked),
    path("blocked-callers/bulk", bulk.OF_BLOCKED.view()),
    path("blocked-callers/new", views.new_blocked),
    path("blocked-callers/<int:block_id>/delete", views.delete_blocked),
]
