-- POST /api/auth/token/refresh/: each answer's token is presented next, so that every request rotates.
local waiting, first, last = {}, 1, 0
local headers = { ["Content-Type"] = "application/json" }

local function wait(token)
  last = last + 1
  waiting[last] = token
end

for _, pair in ipairs(dofile("pairs.lua")) do
  wait(pair.refresh)
end

function request()
  local token = waiting[first]
  waiting[first] = nil
  first = first + 1
  return wrk.format("POST", "/api/auth/token/refresh/", headers, '{"refresh":"' .. token .. '"}')
end

function response(status, _, body)
  local token = status == 200 and body:match('"refresh":"([^"]+)"')
  if not token then
    error("a refresh was answered " .. status .. ": " .. body)
  end
  wait(token)
end
