// The matrices of kernels, of packages and of images as text, JSON and pages.
#pragma once

#include "base/json.hpp"
#include "evidence/matrix.hpp"
#include "evidence/package_matrix.hpp"
#include "evidence/verify_images.hpp"

namespace swage {

// Null: the kernel itself was built.
Json sample_json(const std::optional<ObjectSample>& sample);
// Null: the release.
Json tree_json(const std::optional<KernelTree>& tree);

struct MatrixTextOptions {
  unsigned width = 80;
  bool colour = false;
};
std::string matrix_text(const Matrix& matrix, const MatrixTextOptions& options);
// What recorded_since() left, one line each, the latest first.
std::string matrix_news(const Matrix& matrix, const std::string& since);
// {"cells": [{kernel, arch, toolchain, compiler, state, when, drv, ...}]}: one object for each entry, every key
// always there.
std::string matrix_json(const Matrix& matrix);
// `page` with its place for data filled: one file that needs no other. Its rows are what the matrix is of: series, when
// that is folded.
Result<std::string> matrix_html(const Matrix& matrix, const ImageMatrix& images, std::string page);

std::string package_matrix_text(const PackageMatrix& matrix);
std::string package_matrix_markdown(const PackageMatrix& matrix);   // docs/packages.md
// {"packages": [{package, platform, state, ...}]}: one object for each record, every key always there.
std::string package_matrix_json(const PackageMatrix& matrix);

std::string image_matrix_text(const ImageMatrix& matrix);
// {"images": [{image, platform, state, ...}], "planned": N}: one object for each image, every key always there.
std::string image_matrix_json(const ImageMatrix& matrix);
Json image_rows_json(const ImageMatrix& matrix);

}  // namespace swage
