-- For wrk: sends DEPTH requests at once and counts the answers that are not 200 with LENGTH octets.
local threads = {}

function setup(thread) table.insert(threads, thread) end

function init()
    wrong = 0
    length = tonumber(os.getenv("LENGTH"))
    local depth, one = tonumber(os.getenv("DEPTH")), wrk.format()
    requests = one:rep(depth)
end

function request() return requests end

function response(status, _, body)
    if status ~= 200 or #body ~= length then wrong = wrong + 1 end
end

function done(summary)
    local all = 0
    for _, thread in ipairs(threads) do all = all + thread:get("wrong") end
    local errors = summary.errors
    print(("result: %d answers, %d wrong, %d errors"):format(summary.requests, all,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
