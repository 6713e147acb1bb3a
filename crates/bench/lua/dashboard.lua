-- GET /api/dashboard/ with the given access tokens in turn, each thread from a place of its own.
local common = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local requests, at = {}, 0

function init()
  for i, token in ipairs(common.lines()) do
    requests[i] = wrk.format("GET", "/api/dashboard/", { Host = wrk.headers.Host, Authorization = "Bearer " .. token })
  end
  at = common.begin(#requests)
end

function request()
  at = at % #requests + 1
  return requests[at]
end
