import asyncio
import json

from dlkit.serving.gate import Gate

POST = {"type": "http", "method": "POST", "path": "/v1/models/shop:predict"}


def test_more_than_so_many_are_turned_away_until_one_is_done():
    async def scenario():
        free, served = asyncio.Event(), []

        async def app(scope, receive, send):
            await free.wait()
            served.append(scope["method"])

        async def ask(scope):
            messages = []

            async def send(message):
                messages.append(message)

            await gate(scope, None, send)
            return messages

        gate = Gate(app, 2)
        taken = [asyncio.create_task(ask(POST)) for _ in range(2)]
        await asyncio.sleep(0)
        start, body = await ask(POST)
        assert start["status"] == 429
        assert dict(start["headers"])[b"content-type"] == b"application/json"
        assert int(dict(start["headers"])[b"content-length"]) == len(body["body"])
        assert set(json.loads(body["body"])) == {"error"}
        reading = asyncio.create_task(ask({**POST, "method": "GET"}))
        free.set()
        assert await asyncio.gather(*taken, reading) == [[], [], []]
        assert sorted(served) == ["GET", "POST", "POST"]
        assert await ask(POST) == []

    asyncio.run(scenario())


def test_a_failing_request_leaves_its_place():
    async def scenario():
        async def app(scope, receive, send):
            raise ValueError

        gate = Gate(app, 1)
        for _ in range(3):
            try:
                await gate(POST, None, None)
            except ValueError:
                continue
            raise AssertionError("turned away")

    asyncio.run(scenario())
