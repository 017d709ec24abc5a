require 'net/http'
require 'json'
at = URI('https://acme.zendesk.com/api/v2/users/me.json')
ask = Net::HTTP::Get.new(at)
ask.basic_auth('admin@acme.example/token', 'demo-api-token-of-acme')
answer = Net::HTTP.start(at.host, at.port, use_ssl: true) { |http| http.request(ask) }
puts JSON.parse(answer.body)['user']['email']
