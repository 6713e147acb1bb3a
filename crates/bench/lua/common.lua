-- What every script shares: the lines that it was given, the pace, the counts, and one line at the
-- end that a program can read.
local common = {}

-- Counted by scripts that look at answers; the names are read back in `done`.
ok, unavailable, unexpected, starved = 0, 0, 0, 0

-- One token or name a line.
function common.lines()
  local lines = {}
  for line in io.lines(os.getenv("BENCH_LINES")) do
    lines[#lines + 1] = line
  end
  return lines
end

-- Between two requests of a connection pass so many milliseconds in the mean, exponentially
-- distributed, so that connections do not fall into step.
local mean = tonumber(os.getenv("BENCH_PAUSE_MS"))
if mean then
  function delay()
    return math.floor(-mean * math.log(1 - math.random()) + 0.5)
  end
end

local threads = {}

-- In every thread, `number` is its own from 1 on.
function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

-- To be called in a thread before anything is drawn: else all would draw the same. Tells after how
-- many of `count` lines it begins, so that threads are not at the same line at the same time.
function common.begin(count)
  math.randomseed(number)
  return math.floor(count * (number - 1) / tonumber(os.getenv("BENCH_THREADS")))
end

function done(summary, latency)
  local function count(name)
    local sum = 0
    for _, thread in ipairs(threads) do
      sum = sum + (thread:get(name) or 0)
    end
    return sum
  end
  local errors = summary.errors
  io.write(string.format(
    "bench requests=%d duration_us=%d p50_us=%d p99_us=%d max_us=%d " ..
    "status=%d connect=%d read=%d write=%d timeout=%d " ..
    "ok=%d unavailable=%d unexpected=%d starved=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect, errors.read, errors.write, errors.timeout,
    count("ok"), count("unavailable"), count("unexpected"), count("starved")))
end

return common
