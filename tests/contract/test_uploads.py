"""Uploading files, and images that get another URL."""

from typing import Any

from tests.contract.shop import Shop, View


def upload(shop: Shop, name: str = "shirt-0123456789ab.png") -> Any:
    response = shop.client.post(
        "/admin/uploads", files=[("files", (name, b"\x89PNG\r\n\x1a\n1", "image/png"))]
    )
    assert response.is_success, response.text
    [file] = response.json()["files"]
    return file


def test_a_file_keeps_its_name_in_its_url(shop: Shop) -> None:
    one, two = upload(shop), upload(shop)
    assert one["id"] != two["id"]
    for file in (one, two):
        assert file["id"].endswith("-shirt-0123456789ab.png")
        assert file["url"] == f"http://localhost:9000/static/{file['id']}"


def test_several_files_in_one_request_are_listed_in_their_order(shop: Shop) -> None:
    names = [f"shirt-{number:012x}.png" for number in (7, 3, 9, 1)]
    files = [("files", (name, b"\x89PNG\r\n\x1a\n1", "image/png")) for name in names]
    response = shop.client.post("/admin/uploads", files=files)
    assert response.is_success, response.text
    found = [each["id"] for each in response.json()["files"]]
    assert [each.partition("-")[2] for each in found] == names


def test_a_file_is_deleted_once_and_deleting_it_again_is_no_error(shop: Shop) -> None:
    file = upload(shop)
    for _ in range(2):
        assert shop.call("DELETE", f"/admin/uploads/{file['id']}")["deleted"]


def test_an_image_with_its_id_gets_another_url_and_stays_the_same_image(shop: Shop, product: View) -> None:
    def update(images: list[dict[str, str]]) -> list[dict[str, str]]:
        body = {"update": [{"id": product["id"], "images": images}]}
        shop.call("POST", "/admin/products/batch", body)
        path = f"/admin/products/{product['id']}"
        found = shop.call("GET", path, fields="images.id,images.url")["product"]["images"]
        return sorted(({"id": each["id"], "url": each["url"]} for each in found), key=str)

    old = update([{"url": "https://old.example/1.png"}, {"url": "https://old.example/2.png"}])
    new = [{"id": each["id"], "url": each["url"].replace("old", "new")} for each in old]
    assert update(new) == new
