"""`/auth`, `/me`: accounts, devices and what belongs to one person."""

from http import HTTPStatus

from blogen.api.route import Route
from blogen.domain.person import Scope

ROUTES: tuple[Route, ...] = (
    Route(
        "POST", "/auth/register", "sign_in.register", "Make an account and sign an app in", takes="RegisterRequest",
        gives="SignedInView", status=HTTPStatus.CREATED, needs_body=True, ignores_token=True, gives_cookie=True,
        refuses=(403, 409, 429),
    ),
    Route(
        "POST", "/auth/login", "sign_in.login", "Sign an app in with a password", takes="LoginRequest",
        gives="SignedInView", needs_body=True, ignores_token=True, gives_cookie=True, refuses=(401, 403, 429),
    ),
    Route(
        "POST", "/auth/refresh", "sign_in.refresh", "Get an app's next tokens", takes="RefreshRequest",
        gives="SignedInView", needs_body=True, ignores_token=True, refuses=(401, 429),
    ),
    Route(
        "POST", "/auth/pair", "sign_in.pair", "Sign an app in with a one-time code", takes="PairRequest",
        gives="SignedInView", needs_body=True, ignores_token=True, gives_cookie=True, refuses=(401, 403, 429),
    ),
    Route(
        "POST", "/auth/pair/code", "sign_in.make_code", "Make a one-time code for an app", Scope.READER,
        for_person=True, gives="PairCodeView", status=HTTPStatus.CREATED,
    ),
    Route(
        "POST", "/auth/logout", "sign_in.logout", "Sign out what asks", Scope.READER, for_person=True,
        status=HTTPStatus.NO_CONTENT, refuses=(404, 409),
    ),
    Route(
        "POST", "/auth/password", "sign_in.change_password", "Set a new password; other devices are signed out",
        Scope.READER, for_person=True, takes="PasswordChange", status=HTTPStatus.NO_CONTENT, needs_body=True,
        refuses=(404,),
    ),
    Route(
        "GET", "/auth/devices", "sign_in.list_devices", "The browsers and apps that are signed in", Scope.READER,
        for_person=True, gives="DeviceList",
    ),
    Route(
        "DELETE", "/auth/devices", "sign_in.end_other_devices", "Sign out all but the one that asks", Scope.READER,
        for_person=True, status=HTTPStatus.NO_CONTENT,
    ),
    Route(
        "GET", "/auth/devices/{id}", "sign_in.show_device", "A browser or app that is signed in", Scope.READER,
        for_person=True, gives="DeviceView",
    ),
    Route(
        "DELETE", "/auth/devices/{id}", "sign_in.end_device", "Sign a browser or app out", Scope.READER,
        for_person=True, status=HTTPStatus.NO_CONTENT,
    ),
    Route("GET", "/me", "me.show", "One's own account", Scope.READER, for_person=True, gives="MeView"),
    Route(
        "PATCH", "/me", "me.change", "Change one's profile", Scope.READER, for_person=True, takes="ProfileChange",
        gives="MeView", needs_body=True, matches=True, refuses=(404, 412),
    ),
    Route(
        "DELETE", "/me", "me.delete", "Delete one's account for good", Scope.READER, for_person=True,
        takes="AccountDeletion", status=HTTPStatus.NO_CONTENT, needs_body=True, refuses=(404,),
    ),
    Route(
        "GET", "/me/export", "me.export", "All that is kept of oneself, as one JSON file", Scope.READER,
        for_person=True,
    ),
    Route(
        "PUT", "/me/avatar", "me.put_avatar", "Show a picture with one's name", Scope.READER, for_person=True,
        takes_picture=True, gives="MeView", needs_body=True, refuses=(404,),
    ),
    Route(
        "DELETE", "/me/avatar", "me.delete_avatar", "Show no picture with one's name", Scope.READER, for_person=True,
        gives="MeView", refuses=(404,),
    ),
)  # fmt: skip
