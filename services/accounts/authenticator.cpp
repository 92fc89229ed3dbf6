#include "services/accounts/authenticator.hpp"

#include "net/connection.hpp"
#include "services/accounts/digest.hpp"
#include "services/accounts/name.hpp"
#include "services/accounts/password.hpp"
#include "services/accounts/saslprep.hpp"

#include <fmt/core.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <variant>

namespace portico::accounts {

namespace {

struct Peer {
    Guard::Address address{};
    bool tls = false;
    std::string tls_exporter;
};

Peer peer_of(const net::Connection& connection)
{
    Peer peer;
    const auto& address = connection.tuple().client.address;
    const auto v6 = address.is_v4()
                        ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4())
                        : address.to_v6();
    std::ranges::copy(v6.to_bytes(), peer.address.begin());
    peer.tls = connection.tls() != nullptr;
    peer.tls_exporter = connection.tls_exporter();
    return peer;
}

std::string random_octets(std::size_t count)
{
    std::string octets(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(count)) != 1)
        throw std::runtime_error{"libcrypto has no random octets"};
    return octets;
}

/// As names are compared; one that SASLprep refuses can be used where it is not asked (USER).
std::string comparable(std::string_view name)
{
    return lowered(saslprep(name).value_or(std::string{name}));
}

/// A name as the log has it: a client may send thousands of octets.
std::string for_log(std::string_view user)
{
    constexpr std::size_t most = 64;
    if (user.size() <= most) return std::string{user};
    auto end = most;
    while (end > 0 && (static_cast<unsigned char>(user[end]) & 0xc0) == 0x80) --end;
    return std::string{user.substr(0, end)} + "...";
}

} // namespace

Policy policy_of(const config::Config& config)
{
    return {.mode = config.auth.mode,
            .plaintext = config.plaintext_allowed(),
            .failure_delay_max = config.auth.failure_delay_max,
            .delay_loopback = config.auth.delay_loopback,
            .host_name = config.host.name,
            .password_cache_size = config.auth.password_cache_size,
            .password_cache_time = config.auth.password_cache_time};
}

Authenticator::Authenticator(Policy policy, std::vector<config::Account> accounts,
                             const Directory& directory, net::Pool& pool)
    : policy_{std::move(policy)}, accounts_{std::move(accounts)}, directory_{directory},
      pool_{pool}, dummy_secret_{random_octets(16)}, salt_key_{random_octets(32)},
      guard_{policy_.failure_delay_max, policy_.delay_loopback, random_octets(32)},
      password_cache_{policy_.password_cache_size, policy_.password_cache_time, random_octets(32)}
{
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto& account = accounts_[i];
        names_.emplace(comparable(account.name), i);
        if (dummy_hash_.empty()) dummy_hash_ = account.password;
        secrets_ = secrets_ || !account.secret.empty();
    }
    for (std::size_t i = 0; i < accounts_.size(); ++i) // an account's name comes first
        for (const auto& address : accounts_[i].addresses)
            if (!address.starts_with('*')) names_.emplace(comparable(address), i);
}

Offer Authenticator::offer(const net::Connection& connection) const
{
    const auto peer = peer_of(connection);
    return offer_of({.known = policy_.mode == config::Auth::Mode::listed,
                     .secrets = secrets_,
                     .plaintext = policy_.plaintext,
                     .tls = peer.tls,
                     .channel_binding = !peer.tls_exporter.empty()});
}

Security Authenticator::security(const net::Connection& peer, bool require_tls) const
{
    return {.starttls = peer.can_start_tls(),
            .tls = peer.tls() != nullptr,
            .require_tls = require_tls,
            .offer = offer(peer)};
}

auto Authenticator::begin(Mechanism mechanism, net::Connection& peer) -> Exchange
{
    // RFC 2195 section 2: random digits, a time and our name, in the form of a message identity.
    const auto random = random_octets(8);
    std::uint64_t digits = 0;
    std::ranges::copy(random, reinterpret_cast<char*>(&digits));
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    SaslServer server{
        mechanism,
        {.challenge = fmt::format("<{}.{}@{}>", digits,
                                  std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                                  policy_.host_name),
         .nonce = base64(random_octets(18)),
         .plus_offered = offer(peer).has(Mechanism::scram_sha_256_plus),
         .tls_exporter = peer_of(peer).tls_exporter}};
    return Exchange{*this, mechanism, std::move(server), peer};
}

const config::Account* Authenticator::find(std::string_view user) const
{
    const auto found = names_.find(comparable(user));
    return found == names_.end() ? nullptr : &accounts_[found->second];
}

auto Authenticator::secret_of(std::string_view user) const -> Secret
{
    const auto* account = find(user);
    const bool known = account && !account->secret.empty();
    return {known ? account->secret : dummy_secret_, known};
}

auto Authenticator::mailbox_of(std::string_view user) const -> Login
{
    const auto* account = find(user);
    const bool listed = policy_.mode == config::Auth::Mode::listed;
    auto mailbox = directory_.mailbox_of_login(listed && account ? account->name : user);
    if (!mailbox) return std::unexpected{AuthError::wrong};
    return std::move(*mailbox);
}

auto Authenticator::check(std::string user, std::string password) -> net::Task<Login>
{
    const Wiper wiper{password};
    if (policy_.mode == config::Auth::Mode::any) co_return mailbox_of(user);
    const auto* account = find(user);
    const bool hashed = account && !account->password.empty();
    auto right = co_await has_password(hashed ? account : nullptr, password);
    if (!right) co_return std::unexpected{right.error()};
    const auto secret = secret_of(user);
    const bool same = equal_in_constant_time(secret.text, password);
    if (!(hashed ? *right : same && secret.known)) co_return std::unexpected{AuthError::wrong};
    co_return mailbox_of(user);
}

/// Whether `password` has the hash of `account`; null: none.
///
/// Who has no hash gets the work of one (any account's, so it costs the same), so that the time
/// does not tell which names exist. Where nobody has one there is none to do. Only a password that
/// is right may be answered sooner.
auto Authenticator::has_password(const config::Account* account, const std::string& password)
    -> net::Task<std::expected<bool, AuthError>>
{
    const auto& hash = account ? account->password : dummy_hash_;
    if (hash.empty()) co_return false;
    const auto number = static_cast<std::size_t>(account ? account - accounts_.data() : 0);
    const auto digest = password_cache_.digest(account ? account->name : "", hash, password);
    {
        const std::scoped_lock lock{mutex_};
        const auto now = std::chrono::steady_clock::now();
        if (account && password_cache_.has(number, digest, now)) {
            recognized_.fetch_add(1, std::memory_order_relaxed);
            co_return true;
        }
    }
    hashed_.fetch_add(1, std::memory_order_relaxed);
    auto work = [&hash, &password] { return matches(hash, password); };
    auto right = co_await pool_.run(work);
    if (!account || !right || !*right) co_return right;
    const std::scoped_lock lock{mutex_};
    password_cache_.keep(number, digest, std::chrono::steady_clock::now());
    co_return right;
}

PasswordStatistics Authenticator::statistics() const
{
    return {hashed_.load(std::memory_order_relaxed), recognized_.load(std::memory_order_relaxed)};
}

net::Task<ScramKeys> Authenticator::keys_of(std::string user)
{
    // The salt is the name's, whoever has it: a second try gets the same, as it must with a real
    // account, and two names of one account do not show that they are.
    const auto name = comparable(user);
    auto salt = std::string{view(hmac_sha256(salt_key_, name)).substr(0, 16)};
    {
        const std::scoped_lock lock{mutex_};
        if (auto keys = scram_cache_.find(salt)) co_return std::move(*keys);
    }
    const auto secret = secret_of(user).text;
    auto work = [secret, &salt] { return scram_keys(secret, salt, scram_iterations); };
    auto keys = co_await pool_.run(work);
    const std::scoped_lock lock{mutex_};
    scram_cache_.keep(keys);
    co_return keys;
}

net::Task<AuthError> Authenticator::failed(AuthError error, Attempt attempt, net::Connection& peer)
{
    const auto whose = attempt.user ? "login of " + for_log(*attempt.user) : std::string{"login"};
    if (error == AuthError::failing) {
        peer.log(net::Level::error,
                 fmt::format("{} could not be checked ({})", whose, attempt.mechanism));
        co_return error;
    }
    peer.log(net::Level::info, fmt::format("{} failed ({}{}{})", whose, attempt.mechanism,
                                           attempt.why.empty() ? "" : ": ", attempt.why));
    if (error == AuthError::malformed) co_return error; // no guess
    std::chrono::milliseconds wait{};
    {
        const std::scoped_lock lock{mutex_};
        const auto user = attempt.user ? std::optional{comparable(*attempt.user)} : std::nullopt;
        wait = guard_.failed(peer_of(peer).address, user, std::chrono::steady_clock::now());
    }
    if (wait.count() > 0) co_await peer.pause(wait);
    co_return error;
}

auto Authenticator::login(std::string user, std::string password, net::Connection& peer)
    -> net::Task<Login>
{
    auto mailbox = co_await check(user, std::move(password));
    if (mailbox) co_return mailbox;
    Attempt attempt{"USER", std::move(user), {}};
    co_return std::unexpected{co_await failed(mailbox.error(), std::move(attempt), peer)};
}

auto Authenticator::apop(std::string user, std::string timestamp, std::string digest,
                         net::Connection& peer) -> net::Task<Login>
{
    const auto secret = secret_of(user);
    auto text = timestamp.append(secret.text);
    const Wiper wiper{text};
    const bool right = equal_in_constant_time(md5_hex(text), digest);
    auto mailbox = right & secret.known ? mailbox_of(user) : std::unexpected{AuthError::wrong};
    if (mailbox) co_return mailbox;
    Attempt attempt{"APOP", std::move(user), {}};
    co_return std::unexpected{co_await failed(mailbox.error(), std::move(attempt), peer)};
}

net::Task<AuthTurn> Authenticator::Exchange::turn(std::optional<std::string> response)
{
    auto step = server_.respond(std::move(response));
    if (auto* need = std::get_if<NeedSecret>(&step)) {
        user_ = need->user;
        const auto secret = authenticator_->secret_of(*user_);
        step = server_.secret(secret.text, secret.known);
    } else if (auto* keys_needed = std::get_if<NeedKeys>(&step)) {
        user_ = keys_needed->user;
        auto keys = co_await authenticator_->keys_of(*user_);
        step = server_.keys(std::move(keys), authenticator_->secret_of(*user_).known);
    }
    if (auto* challenge = std::get_if<Challenge>(&step)) co_return std::move(*challenge);
    if (auto* refused = std::get_if<Refused>(&step))
        co_return co_await failed(refused->error, refused->why);
    auto mailbox = Login{std::unexpected{AuthError::failing}};
    if (auto* password = std::get_if<CheckPassword>(&step)) {
        user_ = password->user;
        mailbox = co_await authenticator_->check(*user_, std::move(password->password));
    } else if (auto* proven = std::get_if<Proven>(&step)) {
        mailbox = authenticator_->mailbox_of(proven->user);
    }
    if (mailbox) co_return Accepted{std::move(*mailbox)};
    co_return co_await failed(mailbox.error(), {});
}

net::Task<AuthTurn> Authenticator::Exchange::failed(AuthError error, std::string_view why)
{
    Attempt attempt{name_of(mechanism_), user_, why}; // g++ 12 destroys a temporary twice
    co_return co_await authenticator_->failed(error, std::move(attempt), *peer_);
}

} // namespace portico::accounts
