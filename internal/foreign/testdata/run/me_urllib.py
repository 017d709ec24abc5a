import base64, json, urllib.request
basic = base64.b64encode(b"admin@acme.example/token:demo-api-token-of-acme").decode()
ask = urllib.request.Request("https://acme.zendesk.com/api/v2/users/me.json", headers={"Authorization": "Basic " + basic})
print(json.load(urllib.request.urlopen(ask))["user"]["email"])
