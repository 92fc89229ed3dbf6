#pragma once

#include <ctime>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;
struct x509_st;

/// What the test authority needs of X.509 (RFC 5280): keys and certificates as values in PEM.
namespace portico::host {

struct FreeX509 {
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
};
using Key = std::unique_ptr<evp_pkey_st, FreeX509>;
using Certificate = std::unique_ptr<x509_st, FreeX509>;

Key make_key();                     // EC, P-256
Key key_from(std::string_view pem); // null: there is none in it
Certificate certificate_from(std::string_view pem);
std::string to_pem(const Key& key);
std::string to_pem(const Certificate& certificate);

/// A certificate that may sign those of hosts, and no other authority's.
Certificate make_authority(const Key& key, const std::string& common_name, std::time_t now);

/// A certificate for a server that is called `names` (of DNS, or IP addresses). It does not last
/// longer than its authority's.
Certificate make_host(const Key& key, const std::string& common_name,
                      const std::vector<std::string>& names, const Key& authority_key,
                      const Certificate& authority, std::time_t now);

bool belongs_to(const Certificate& certificate, const Key& key);
bool is_signed_by(const Certificate& certificate, const Certificate& authority);
bool is_for(const Certificate& certificate, const std::vector<std::string>& names);
bool lasts_until(const Certificate& certificate, std::time_t time);

} // namespace portico::host
