from django.urls import path

from ringfence.portal.outbound import bulk, import_page, views

urlpatterns = [
    path("codes", views.codes),
    path("codes/<slug:name>/<int:row_id>/delete", views.delete_code),
    path("office-hours", views.list_hours),
    path("office-hours/bulk", bulk.OF_HOURS.view()),
    path("office-hours/new", views.new_hours),
    path("office-hours/<int:row_id>", views.hours),
    path("office-hours/<int:row_id>/delete", views.delete_hours),
    path("outbound-rules", views.list_rules),
    path("outbound-rules/bulk", bulk.OF_RULES.view()),
    path("outbound-rules/new", views.new_rule),
    path("outbound-rules/import", import_page.import_rules),
    path("outbound-rules/explain", views.question),
    path("outbound-rules/<int:row_id>", views.rule),
    path("outbound-rules/<int:row_id>/delete", views.delete_rule),
]
