import requests
answer = requests.get("https://acme.zendesk.com/api/v2/users/me.json", auth=("admin@acme.example/token", "demo-api-token-of-acme"))
answer.raise_for_status()
print(answer.json()["user"]["email"])
