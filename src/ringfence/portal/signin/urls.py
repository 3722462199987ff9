from django.urls import path
from django.urls.resolvers import URLPattern

from ringfence.portal.signin import account, others, own_language, policy_page, token_page, views

urlpatterns: list[URLPattern] = [
    path("sign-in", views.sign_in),
    path("sign-in/second", views.second_step),
    path("sign-in/passkey", views.sign_in_with_passkey),
    path("sign-out", views.sign_out),
    path("prove", views.prove),
    path("passkey/options", views.passkey_options),
    path("change-password", account.change_password),
    path("password-check", account.password_check),
    path("change-extension-password", account.change_extension_password),
    path("my/two-step", account.two_step),
    path("my/two-step/app", account.add_app),
    path("my/two-step/passkey", account.add_passkey),
    path("my/two-step/passkey-options", account.passkey_creation),
    path("my/two-step/codes", account.new_codes),
    path("my/two-step/<int:factor_id>/remove", account.remove_factor),
    path("my/sessions", account.my_sessions),
    path("my/sessions/others", account.revoke_others),
    path("my/sessions/<int:session_id>", account.revoke_session),
    path("my/language", own_language.choose_language),
    path("my/tokens", token_page.my_tokens),
    path("my/tokens/<int:token_id>", token_page.revoke),
    path("users/<int:user_id>/first-password", others.first_password),
    path("users/<int:user_id>/second-factor", others.reset_second_factor),
    path("password-policy", policy_page.password_policy),
]
