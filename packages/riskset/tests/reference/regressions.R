# Regressions in base R (and MASS), cluster sandwiches written out, on the rows that the test has
# written. Usage: Rscript regressions.R ROWS.csv ANSWERS.csv
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

sandwich <- function(bread, scores, groups) {
  sums <- rowsum(scores, groups)
  bread %*% crossprod(sums) %*% bread
}

# Binary and count outcomes: scores and observed information from the definitions.
tight <- glm.control(epsilon = 1e-15, maxit = 200)
glm_case <- function(case, formula, family, weights) {
  rows$weight <- weights
  fit <- suppressWarnings(glm(formula, family, rows, weights = weight, control = tight))
  x <- model.matrix(fit)
  eta <- as.vector(x %*% coef(fit))
  y <- fit$y
  by_eta <- function(e) {
    mu <- fit$family$linkinv(e)
    weights * (y - mu) * fit$family$mu.eta(e) / fit$family$variance(mu)
  }
  step <- 1e-5
  curvature <- -(by_eta(eta + step) - by_eta(eta - step)) / (2 * step)
  bread <- solve(crossprod(x, curvature * x))
  record(case, "params", coef(fit))
  record(case, "model_error", sqrt(diag(bread)))
  record(case, "cluster_error", sqrt(diag(sandwich(bread, x * by_eta(eta), rows$country))))
}
ones <- rep(1, nrow(rows))
for (weighted in c(FALSE, TRUE)) {
  weights <- if (weighted) rows$w else ones
  suffix <- if (weighted) "-weights" else ""
  glm_case(paste0("logit", suffix), war ~ x + z, binomial("logit"), weights)
  glm_case(paste0("poisson", suffix), deaths ~ x + z, poisson(), weights)
  glm_case(paste0("cloglog", suffix), war ~ month + I(month^2) + I(month^3) + x + z,
           binomial("cloglog"), weights)
}

# Negative binomial: MASS for estimates, errors from a numerical second derivative.
if (requireNamespace("MASS", quietly = TRUE)) {
  fit <- MASS::glm.nb(deaths ~ x + z, rows, control = glm.control(epsilon = 1e-14, maxit = 200))
  record("negative binomial", "params", c(coef(fit), 1 / fit$theta))
  record("negative binomial", "loglik", as.numeric(logLik(fit)))
}

# Two-way effects by dummies.
linear <- function(y, x, groups, absorbed, keep) {
  bread <- solve(crossprod(x))
  beta <- bread %*% crossprod(x, y)
  residual <- as.vector(y - x %*% beta)
  n <- nrow(x)
  g <- length(unique(groups))
  k <- ncol(x) - absorbed
  v <- sandwich(bread, x * residual, groups) * g / (g - 1) * (n - 1) / (n - k)
  robust <- bread %*% crossprod(x * residual) %*% bread * n / (n - ncol(x))
  list(beta = beta[keep], cov = v[keep, keep, drop = FALSE],
       robust = sqrt(diag(robust))[keep])
}
dummies <- model.matrix(~ factor(country) + factor(month), rows)
covariates <- as.matrix(rows[, c("x", "z")])
both <- linear(rows$y, cbind(covariates, dummies), rows$region, 0, 1:2)
record("panel", "params", both$beta)
record("panel", "cluster_error", sqrt(diag(both$cov)))
record("panel", "robust_error", both$robust)
units <- model.matrix(~ factor(country), rows)
one <- linear(rows$y, cbind(covariates, units), rows$region, ncol(units), 1:2)
record("panel-entity", "params", one$beta)
record("panel-entity", "cluster_error", sqrt(diag(one$cov)))

# Two-stage least squares: d instrumented by r and s, x exogenous.
exogenous <- cbind(rows$x, dummies)
instruments <- cbind(r = rows$r, s = rows$s, exogenous)
fitted <- instruments %*% solve(crossprod(instruments), crossprod(instruments, rows$d))
second <- cbind(fitted, exogenous)
bread <- solve(crossprod(second))
beta <- bread %*% crossprod(second, rows$y)
residual <- as.vector(rows$y - cbind(rows$d, exogenous) %*% beta)
n <- nrow(rows)
g <- length(unique(rows$country))
v <- sandwich(bread, second * residual, rows$country) * g / (g - 1) * (n - 1) / (n - ncol(second))
record("iv", "params", beta[1:2])
record("iv", "cluster_error", sqrt(diag(v))[1:2])
first <- linear(rows$d, instruments, rows$country, 0, 1:2)
record("iv", "first_stage", first$beta)
record("iv", "kleibergen_paap", t(first$beta) %*% solve(first$cov, first$beta) / 2)
tested <- c(-1, 0, 0.4, 2)
record("iv", "anderson_rubin", sapply(tested, function(value) {
  form <- linear(rows$y - value * rows$d, instruments, rows$country, 0, 1:2)
  pf(as.numeric(t(form$beta) %*% solve(form$cov, form$beta)) / 2, 2, g - 1, lower.tail = FALSE)
}))
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
