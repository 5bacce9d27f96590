# Fine and Gray's model by R's survival package, on the rows that the test has written.
# Usage: Rscript fine_gray.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
rows$cause <- factor(rows$cause, 0:2)
answers <- list()
tight <- coxph.control(eps = 1e-14, iter.max = 50)

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

describe <- function(case, weighted, ties) {
  fit <- coxph(Surv(fgstart, fgstop, fgstatus) ~ x + z, weighted, weights = fgwt,
               cluster = country, ties = ties, control = tight)
  record(case, "params", coef(fit))
  record(case, "cluster_error", sqrt(diag(fit$var)))
  record(case, "rows", nrow(weighted))
}

prompt <- merge(rows, aggregate(list(entry = rows$start), list(unit = rows$unit), min))
prompt <- prompt[prompt$entry == 0, ]
single <- rows[!duplicated(rows$unit), ]
for (ties in c("efron", "breslow")) {
  for (failure in c("1", "2")) {
    name <- paste(ties, failure, sep = "-")
    describe(paste0(name, "-late"), finegray(Surv(start, stop, cause) ~ ., data = rows, id = unit,
                                             etype = failure), ties)
    describe(paste0(name, "-prompt"), finegray(Surv(start, stop, cause) ~ ., data = prompt,
                                               id = unit, etype = failure), ties)
    describe(paste0(name, "-right"), finegray(Surv(stop, cause) ~ ., data = single,
                                              etype = failure), ties)
  }
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
