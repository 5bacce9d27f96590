# Predictions, formulas, criteria, offsets and weak-instrument statistics by R's survival, MASS and
# base, on the rows that the test has written. Usage: Rscript interface.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages({library(survival); library(MASS)})
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

tight <- coxph.control(eps = 1e-13, iter.max = 100, toler.chol = 1e-14)
some <- rows[1:6, ]
times <- c(4, 9, 15)

# Cox: criteria, Wald test, linear predictors, survival of new rows.
fit <- coxph(Surv(start, stop, event) ~ x * region + z, rows, control = tight)
record("cox", "params", coef(fit))
record("cox", "criteria", c(AIC(fit), BIC(fit)))
record("cox", "wald", fit$wald.test)
linear <- predict(fit, some, type = "lp", reference = "zero", se.fit = TRUE)
record("cox", "linear", linear$fit)
record("cox", "linear_error", linear$se.fit)
curve <- summary(survfit(fit, newdata = some), times = times)
record("cox", "survival", curve$surv)
record("cox", "survival_error", curve$std.err)
clustered <- coxph(Surv(start, stop, event) ~ x + z, rows, cluster = country, control = tight)
curve <- summary(survfit(clustered, newdata = some), times = times)
record("cox-clusters", "survival", curve$surv)
stratified <- coxph(Surv(start, stop, event) ~ x + strata(region), rows, control = tight)
chances <- sapply(times, function(t) {
  predict(stratified, transform(some, start = 0, stop = t, event = 0), type = "expected")
})
record("cox-strata", "hazard", t(chances))

# Accelerated failure times.
for (distribution in c("exponential", "weibull", "lognormal", "loglogistic")) {
  fit <- survreg(Surv(stop, event) ~ x + region, rows, dist = distribution,
                 control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  linear <- predict(fit, some, type = "lp", se.fit = TRUE)
  record(distribution, "linear", linear$fit)
  record(distribution, "linear_error", linear$se.fit)
  late <- predict(fit, some, type = "quantile", p = 0.25, se.fit = TRUE)
  record(distribution, "quantile", late$fit)
  record(distribution, "quantile_error", late$se.fit)
  record(distribution, "loglik_of_log_time", fit$loglik[2] + sum(log(rows$stop[rows$event == 1])))
}

# Counts with offsets and weights.
sharp <- glm.control(epsilon = 1e-15, maxit = 300)
fit <- glm(deaths ~ x + region + offset(log_exposure), poisson(), rows, weights = w, control = sharp)
record("poisson", "params", coef(fit))
record("poisson", "error", sqrt(diag(vcov(fit))))
mean <- predict(fit, some, type = "response", se.fit = TRUE)
record("poisson", "mean", mean$fit)
record("poisson", "mean_error", mean$se.fit)
fit <- glm.nb(deaths ~ x + region + offset(log_exposure), rows, weights = w, control = sharp)
record("negative binomial", "params", c(coef(fit), 1 / fit$theta))
record("negative binomial", "loglik", as.numeric(logLik(fit)))

# Gaussian frailty at a variance.
for (theta in c(0.1, 0.4, 2)) {
  fit <- coxph(Surv(start, stop, event) ~ x + z + frailty.gaussian(country, theta = theta,
               method = "fixed", sparse = FALSE), rows, control = tight)
  name <- paste("gaussian", theta)
  record(name, "params", coef(fit)[1:2])
  record(name, "errors", sqrt(diag(fit$var))[1:2])
}

# Weak instruments, from their definitions: y on d, instruments z and s, control x.
control <- cbind(1, rows$x)
outside <- function(v) as.vector(v - control %*% solve(crossprod(control), crossprod(control, v)))
own <- sapply(rows[, c("z", "s")], outside)
d <- outside(rows$d)
y <- outside(rows$y)
scores <- rowsum(own * d, rows$country)
total <- colSums(scores)
record("iv", "rank_lm", total %*% solve(crossprod(scores), total))
short <- lm(d ~ x, rows)
long <- lm(d ~ x + z + s, rows)
record("iv", "cragg_donald", anova(short, long)$F[2])
bread <- solve(crossprod(own))
reduced <- bread %*% crossprod(own, y)
spread <- crossprod(rowsum(own * as.vector(y - own %*% reduced), rows$country))
record("iv", "anderson_rubin", t(reduced) %*% solve(bread %*% spread %*% bread, reduced))
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
